/** How pieces of the text are coloured; each may leave its text as it is. */
export interface Paint {
  add(text: string): string
  remove(text: string): string
  dim(text: string): string
  bold(text: string): string
}

export const plain: Paint = {
  add: (text) => text,
  remove: (text) => text,
  dim: (text) => text,
  bold: (text) => text,
}
