import type { Ipv4, Serial } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import type { BootStage, FileRole, MissingFile } from './boot-report.ts'
import type { Stop, StopKind } from './stop.ts'

/** The files of one board: in its own directory where it has one, else at the top. */
export class OwnFiles {
  /** What would be missed, one line each. */
  readonly warnings: string[] = []
  readonly missing: MissingFile[] = []
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
    own.missing.push(...signs.map((sign) => ({ file: `${serial}/${sign}`, role: 'sign' as const })))
    return own
  }

  /** Asks for a file that need not be there. */
  fetch(stage: BootStage, file: string): Promise<Buffer | undefined> {
    return this.#recorder.fetch(stage, this.#server, this.path(file))
  }

  /** Asks for a file without which something will be wrong. */
  async need(stage: BootStage, file: string, role: FileRole): Promise<Buffer | undefined> {
    const bytes = await this.fetch(stage, file)
    if (!bytes) this.lacks(file, role)
    return bytes
  }

  lacks(file: string, role: FileRole): void {
    this.missing.push({ file: this.path(file), role })
  }

  /** Asks for a file whose lack is warned of. */
  async want(
    stage: BootStage,
    file: string,
    role: FileRole,
    consequence = '',
  ): Promise<Buffer | undefined> {
    const bytes = await this.need(stage, file, role)
    if (!bytes)
      this.warnings.push(`${this.path(file)} did not come${consequence && `: ${consequence}`}`)
    return bytes
  }

  /** The stop for want of a file that starts the board; `sign`: by which its directory is known. */
  stopWithout(stage: BootStage, file: string, sign: string): Stop {
    return this.hasDirectory
      ? this.stop(stage, file, 'no-boot-file', `${this.path(file)} did not come`)
      : this.stop(
          stage,
          file,
          'no-directory',
          `${file} did not come, nor is there a ${this.#serial}/${sign}`,
        )
  }

  /** The stop for want of a file that was asked for last. */
  stop(stage: BootStage, file: string, lacking: StopKind, what: string): Stop {
    return this.#recorder.without(stage, this.path(file), lacking, what)
  }

  path(file: string): string {
    return this.hasDirectory ? `${this.#serial}/${file}` : file
  }
}
