import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { claimed } from '../../protocol/agent-api.ts'
import type { KeptJob } from '../machine/agent-state.ts'
import { type Report, report } from '../machine/report.ts'

const keptJob = z.object({ claimed, starts: z.int().positive() })

/**
 * What outlives the agent: the job that it holds, and reports that the controller has not yet
 * heard. Each is one file that appears whole or not at all.
 */
export class Outbox {
  readonly #dir: string
  /** Reports for which there was no room on disk. */
  readonly #unwritten = new Map<string, Report>()

  constructor(stateDir: string) {
    this.#dir = stateDir
  }

  async keepJob(job: KeptJob): Promise<void> {
    await mkdir(this.#dir, { recursive: true })
    await writeWhole(this.#jobFile, JSON.stringify(job))
  }

  async forgetJob(): Promise<void> {
    await rm(this.#jobFile, { force: true })
  }

  /** The job that was held last, unless its end is known already. */
  async keptJob(): Promise<KeptJob | undefined> {
    const kept = await parsed(this.#jobFile, keptJob)
    if (kept === undefined) return undefined
    const { token } = kept.claimed.lease
    return (await this.reports()).some(({ body }) => body.token === token) ? undefined : kept
  }

  /** False: it is kept in memory only. */
  async file(one: Report): Promise<boolean> {
    try {
      await mkdir(this.#reportsDir, { recursive: true })
      await writeWhole(this.#fileOf(one), JSON.stringify(one))
      return true
    } catch {
      this.#unwritten.set(one.body.token, one)
      return false
    }
  }

  /** A file that is cut off or foreign is none. */
  async reports(): Promise<readonly Report[]> {
    const names = await readdir(this.#reportsDir).catch(() => [])
    const found = names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => parsed(join(this.#reportsDir, name), report))
    const read = (await Promise.all(found)).filter((each) => each !== undefined)
    return [...read, ...this.#unwritten.values()]
  }

  async delivered(one: Report): Promise<void> {
    this.#unwritten.delete(one.body.token)
    await rm(this.#fileOf(one), { force: true })
  }

  get #jobFile(): string {
    return join(this.#dir, 'job.json')
  }

  get #reportsDir(): string {
    return join(this.#dir, 'reports')
  }

  /** One report a lease: the same again takes the place of the first. */
  #fileOf({ body }: Report): string {
    return join(this.#reportsDir, `${body.token}.json`)
  }
}

async function parsed<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await file.writeFile(text)
    // A Pi is turned off by its plug.
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}
