import type { Ipv4, Serial } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import type { BootStage } from './boot-report.ts'

/** The files of one board: in its own directory where it has one, else at the top. */
export class OwnFiles {
  /** What would be missed, one line each. */
  readonly warnings: string[] = []
  /** What was needed and did not come, by the path asked for. */
  readonly missing: string[] = []
  readonly #recorder: BootRecorder
  readonly #server: Ipv4
  readonly #serial: Serial
  /** Whether the board has found a directory of its own. */
  readonly hasDirectory: boolean

  private constructor(recorder: BootRecorder, server: Ipv4, serial: Serial, hasDirectory: boolean) {
    this.#recorder = recorder
    this.#server = server
    this.#serial = serial
    this.hasDirectory = hasDirectory
  }

  /** Looks for the board's directory: by the first of these files that is there it is known. */
  static async find(
    recorder: BootRecorder,
    stage: BootStage,
    server: Ipv4,
    serial: Serial,
    signs: readonly string[],
  ): Promise<OwnFiles> {
    for (const sign of signs)
      if (await recorder.probe(stage, server, `${serial}/${sign}`))
        return new OwnFiles(recorder, server, serial, true)
    const own = new OwnFiles(recorder, server, serial, false)
    own.missing.push(...signs.map((sign) => `${serial}/${sign}`))
    return own
  }

  /** Asks for a file that need not be there. */
  fetch(stage: BootStage, file: string): Promise<Buffer | undefined> {
    return this.#recorder.fetch(stage, this.#server, this.path(file))
  }

  /** Asks for a file without which something will be wrong. */
  async need(stage: BootStage, file: string): Promise<Buffer | undefined> {
    const bytes = await this.fetch(stage, file)
    if (!bytes) this.missing.push(this.path(file))
    return bytes
  }

  /** Asks for a file whose lack is warned of. */
  async want(stage: BootStage, file: string, consequence = ''): Promise<Buffer | undefined> {
    const bytes = await this.need(stage, file)
    if (!bytes) this.warnings.push(`${this.absence(file)}${consequence && `: ${consequence}`}`)
    return bytes
  }

  path(file: string): string {
    return this.hasDirectory ? `${this.#serial}/${file}` : file
  }

  absence(file: string, probe = 'start.elf'): string {
    return this.hasDirectory
      ? `${this.path(file)} did not come`
      : `${file} did not come, nor is there a ${this.#serial}/${probe}`
  }
}
