import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from './within.ts'

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** Throws, with what it has printed, when it takes longer than it was given. */
  readonly ended: Promise<Output>
  /** Answers when this has been printed. Throws when it ends before, or its time does. */
  said(text: string): Promise<void>
}

/** In ms: on a busy machine a guest takes minutes for what takes seconds. */
const longestUsual = 600_000

/** Commands of the test that the guest runs: see nas/usr/local/sbin/serve-commands. */
export class Commands {
  readonly #dir: string
  readonly #to: Writable
  readonly #waiting = new Map<string, { done(code: number): void; lost(error: Error): void }>()
  readonly ready: Promise<void>
  #over = false

  constructor(dir: string, to: Writable, from: Readable | Duplex) {
    this.#dir = dir
    this.#to = to
    // What is written to a machine that has just lost its power is lost.
    to.on('error', () => {})
    from.on('error', () => {})
    this.ready = new Promise((resolve, reject) => {
      createInterface(from)
        .on('line', (raw) => {
          const [word = '', code] = raw.trim().split(' ')
          if (word === 'ready') resolve()
          else this.#waiting.get(word)?.done(Number(code))
        })
        .on('close', () => {
          this.#over = true
          const error = new Error('the NAS went off')
          reject(error)
          for (const { lost } of this.#waiting.values()) lost(error)
        })
    })
    this.ready.catch(() => {})
  }

  /** Its number is taken from the clock: the directory outlives a power cut. */
  async start(argv: readonly string[], longest = longestUsual): Promise<Running> {
    const number = String(process.hrtime.bigint())
    const file = join(this.#dir, number)
    const line = argv.map(quoted).join(' ')
    await writeFile(`${file}.sh`, `${line}\n`)
    const printed = async () => {
      const texts = ['out', 'err'].map((end) => readFile(`${file}.${end}`, 'utf8').catch(() => ''))
      return (await Promise.all(texts)).join('\n')
    }
    const answer = new Promise<number>((done, lost) => {
      if (this.#over) return lost(new Error('the NAS is off'))
      this.#waiting.set(number, { done, lost })
      this.#to.write(`${number}\n`)
    })
    let isOver = this.#over
    const ended = within(longest, `the NAS to end ${line}`, answer)
      .finally(() => {
        isOver = true
        this.#waiting.delete(number)
      })
      .then(
        async (code) => ({
          code,
          stdout: await readFile(`${file}.out`, 'utf8'),
          stderr: await readFile(`${file}.err`, 'utf8'),
        }),
        async (error: Error) => {
          throw new Error(`${error.message}; until then it printed:\n${await printed()}`)
        },
      )
    ended.catch(() => {})
    return {
      ended,
      said: async (text) => {
        for (;;) {
          const wasOver = isOver
          if ((await printed()).includes(text)) return
          if (wasOver) {
            const { code } = await ended
            throw new Error(`it ended with ${code}, and never said "${text}":\n${await printed()}`)
          }
          await sleep(50)
        }
      },
    }
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
