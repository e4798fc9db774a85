import type { Report, StepDisplay } from '../ui/ui.ts'

/** Walks through the titles of a display. */
export class Stages {
  readonly #display: StepDisplay
  readonly #signal: AbortSignal
  #index = 0

  constructor(display: StepDisplay, signal: AbortSignal) {
    this.#display = display
    this.#signal = signal
  }

  async stage<T>(work: (report: Report) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted()
    this.#display.start(this.#index)
    const result = await work((how) => this.#display.at(this.#index, how))
    this.#signal.throwIfAborted()
    this.#display.done(this.#index++)
    return result
  }

  fail(error: unknown): void {
    this.#display.fail(this.#index, error instanceof Error ? error.message : String(error))
  }
}
