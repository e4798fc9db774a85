import type { Ipv4, Serial } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import type { BootStage, FileRole, Lack, MissingFile } from './boot-report.ts'
import type { Stop, StopKind } from './stop.ts'

const mayBeEmpty: ReadonlySet<FileRole> = new Set(['include', 'cmdline'])

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
    own.missing.push(
      ...signs.map(
        (sign): MissingFile => ({
          file: `${serial}/${sign}`,
          role: 'sign',
          lack: 'did not come',
        }),
      ),
    )
    return own
  }

  /** Asks for a file that need not be there. */
  fetch(stage: BootStage, file: string): Promise<Buffer | undefined> {
    return this.#recorder.fetch(stage, this.#server, this.path(file))
  }

  /** Asks for a file without which something will be wrong. */
  async need(stage: BootStage, file: string, role: FileRole): Promise<Buffer | undefined> {
    const bytes = await this.fetch(stage, file)
    if (bytes?.length || (bytes && mayBeEmpty.has(role))) return bytes
    this.lacks(file, role, bytes && 'is empty')
    return undefined
  }

  lacks(file: string, role: FileRole, lack: Lack = 'did not come'): void {
    this.missing.push({ file: this.path(file), role, lack })
  }

  /** Asks for a file whose lack is warned of. */
  async want(
    stage: BootStage,
    file: string,
    role: FileRole,
    consequence = '',
  ): Promise<Buffer | undefined> {
    const bytes = await this.need(stage, file, role)
    if (!bytes) this.warnings.push(`${this.lackOf(file)}${consequence && `: ${consequence}`}`)
    return bytes
  }

  /** The stop for want of a file that starts the board; `sign`: by which its directory is known. */
  stopWithout(stage: BootStage, file: string, sign: string): Stop {
    return this.hasDirectory
      ? this.stop(stage, [file], 'no-boot-file', this.lackOf(file))
      : this.stop(
          stage,
          [file],
          'no-directory',
          `${this.lackOf(file)}, nor is there a ${this.#serial}/${sign}`,
        )
  }

  /** The stop for want of any of these files. */
  stop(stage: BootStage, files: readonly string[], lacking: StopKind, what: string): Stop {
    const paths = files.map((file) => this.path(file))
    return this.#recorder.without(stage, paths, lacking, what)
  }

  /** What is wrong with a file that was missed, e.g. `3333347a/start.elf did not come`. */
  lackOf(file: string): string {
    const path = this.path(file)
    const missed = this.missing.find((one) => one.file === path)
    return `${path} ${missed?.lack ?? 'did not come'}`
  }

  path(file: string): string {
    return this.hasDirectory ? `${this.#serial}/${file}` : file
  }
}
