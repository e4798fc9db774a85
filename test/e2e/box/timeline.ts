/** When what happened to whom, told as it happens and once more at the end. */
export class Timeline {
  readonly #began = performance.now()
  readonly #entries: { readonly at: number; readonly who: string; readonly what: string }[] = []
  readonly #tell: (line: string) => void

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  note(who: string, what: string): void {
    const entry = { at: performance.now() - this.#began, who, what }
    this.#entries.push(entry)
    this.#tell(lineOf(entry))
  }

  get lines(): readonly string[] {
    return this.#entries.map(lineOf)
  }
}

function lineOf({ at, who, what }: { at: number; who: string; what: string }): string {
  return `${(at / 1000).toFixed(1).padStart(7)} s  ${who.padEnd(7)}  ${what}`
}
