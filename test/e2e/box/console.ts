import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** What a machine has printed, and the means to wait for more. */
export class Console {
  readonly lines: string[] = []
  readonly #listeners = new Set<() => void>()
  #over = false

  /** `hear` gets each line as it comes. */
  constructor(streams: readonly Readable[], hear: (line: string) => void = () => {}) {
    let open = streams.length
    for (const stream of streams)
      createInterface(stream)
        .on('line', (raw) => {
          const line = plain(raw)
          if (line === '') return
          this.lines.push(line)
          hear(line)
          this.#wake()
        })
        .on('close', () => {
          open -= 1
          this.#over = open === 0
          this.#wake()
        })
  }

  /**
   * The first line of all that matches. Throws when the machine ends or its kernel gives up before,
   * or when there is none after so many ms.
   */
  async said(pattern: RegExp, longest: number): Promise<string> {
    return await new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        settle()
      }
      const fail = (why: string) => {
        const tail = this.lines.slice(-15).join('\n')
        end(() => reject(new Error(`${why} before it said ${pattern}:\n${tail}`)))
      }
      let next = 0
      const look = () => {
        for (; next < this.lines.length; next += 1) {
          const line = this.lines[next] ?? ''
          if (pattern.test(line)) return end(() => resolve(line))
          if (/^(\[[ \d.]+\] )?Kernel panic - /.test(line)) return fail(line)
        }
        if (this.#over) fail('it ended')
      }
      const timer = setTimeout(() => fail(`${longest / 1000} s went by`), longest)
      this.#listeners.add(look)
      look()
    })
  }

  #wake(): void {
    for (const look of [...this.#listeners]) look()
  }
}

/** Without colours, and without what a progress line overwrites. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a console prints
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0e-\x1f]|\r/g, '').trim()
}
