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
   * Fills the empty directory `into` with the root filesystem, the boot partition's files at
   * /boot/firmware or /boot as the source's own layout has them. Nothing is left running after a
   * failure; the caller removes the directory.
   */
  fetch(into: string, progress: (bytes: number) => void, signal: AbortSignal): Promise<Fetched>
}

export interface Survey {
  /** Bytes that will be written; 0 where nobody knows. */
  readonly bytes: number
  /** Lines to show before it starts: model, serial, MAC, release ... */
  readonly facts: readonly string[]
}

export interface Fetched {
  /** sha256 of what was read, where it is one file. */
  readonly sha256: string | undefined
}
