/** A log in which what stays as it is stands once. */
export class SayOnce {
  readonly #said = new Set<string>()
  readonly #log: (line: string) => void

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  say(line: string): void {
    if (this.#said.has(line)) return
    if (this.#said.size > 50) this.#said.clear()
    this.#said.add(line)
    this.#log(line)
  }

  /** All is well again: the next trouble is worth a line, even if it is the same. */
  forget(): void {
    this.#said.clear()
  }
}
