import type { Report } from '../ui/ui.ts'

/** Where the files of a template come from. */
export interface Source {
  readonly kind: 'pi' | 'image' | 'tar' | 'root' | 'bootstrap'
  /** For the manifest and messages, e.g. `image raspios.img.xz`, `pi@10.77.0.60`. */
  readonly description: string
  /**
   * Looks before anything is written: is it there, is it what it claims, how large is it. Throws a
   * `UserError` with what to do.
   */
  survey(signal: AbortSignal): Promise<Survey>
  /**
   * Fills an empty directory with the root filesystem, the boot partition's files at
   * /boot/firmware or /boot as the source's own layout has them. Nothing is left running after a
   * failure; the caller removes both directories.
   */
  fetch(to: FetchTo, report: Report, signal: AbortSignal): Promise<Fetched>
  /** Lets go of what `survey` has opened, such as a connection. Called however the build ended. */
  close?(): void
}

export interface FetchTo {
  /** Gets the tree. It is there and empty. */
  readonly into: string
  /** An empty directory beside it for what is only needed meanwhile. */
  readonly scratch: string
  /** Output of long commands goes to this file. */
  readonly log: string
}

export interface Survey {
  /** Bytes that will be written below the roots, scratch included; 0 where nobody knows. */
  readonly bytes: number
  /** Lines to show before it starts: model, serial, MAC, release ... */
  readonly facts: readonly string[]
}

export interface Fetched {
  /** sha256 of what was read, where it is one file. */
  readonly sha256: string | undefined
  /** What is worth telling: left out swap files, files that changed while they were read. */
  readonly notes: readonly string[]
}
