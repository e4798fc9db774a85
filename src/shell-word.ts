/** A word as a shell reads it back: for a line that is shown and can be pasted, and for ssh. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
