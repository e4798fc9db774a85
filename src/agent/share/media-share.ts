import { type MountPoint, mountedAt, readMountinfo } from './mount-point.ts'
import { type Ran, runWithin } from './run-within.ts'

export interface ShareOptions {
  readonly mediaDir: string
  /** Null: the media directory need not be a mount. */
  readonly mountCommand: readonly string[] | null
}

export interface ShareProbes {
  /** The text of /proc/self/mountinfo. */
  mountinfo(): string
  run(seconds: number, argv: readonly string[]): Promise<Ran>
}

export interface ShareState {
  readonly share: 'fine' | 'gone' | 'silent'
  /** Null: all is well. */
  readonly trouble: string | null
  /** Which mount it is; null where it is none. */
  readonly mount: string | null
}

const answerSeconds = 10
const mountSeconds = 40

const realProbes: ShareProbes = {
  mountinfo: readMountinfo,
  run: runWithin,
}

/**
 * Whether videos can be read and HLS be written. Nothing here touches the share itself: a dead file
 * server would hold this process for ever, so that children do, one at a time.
 */
export class MediaShare {
  readonly #options: ShareOptions
  readonly #probes: ShareProbes

  constructor(options: ShareOptions, probes = realProbes) {
    this.#options = options
    this.#probes = probes
  }

  async look(): Promise<ShareState> {
    const state = await this.#look()
    // Last, for it was perhaps only mounted by being looked at, or went away meanwhile.
    const mount = this.#mounted()?.id ?? null
    if (state.share === 'fine' && this.#options.mountCommand !== null && mount === null)
      return { share: 'gone', trouble: `${this.#options.mediaDir} is not mounted`, mount }
    return { ...state, mount }
  }

  async #look(): Promise<Omit<ShareState, 'mount'>> {
    const { mediaDir, mountCommand } = this.#options
    if (mountCommand !== null && this.#mounted() === undefined) {
      const trouble = await this.#mount(mountCommand)
      if (trouble !== null) return { share: 'gone', trouble }
    }
    // Asks the server each time; a mere stat() may be answered from memory.
    const space = await this.#probes.run(answerSeconds, ['stat', '-f', '-c', '%T', '--', mediaDir])
    if (space.kind === 'late')
      return { share: 'silent', trouble: `the media share ${mediaDir} does not answer` }
    if (space.code !== 0)
      return { share: 'gone', trouble: `the media share is away: ${firstLine(space)}` }
    if (mountCommand !== null && space.stdout.trim() === 'autofs')
      return { share: 'gone', trouble: `nothing gets mounted at ${mediaDir}` }
    const writable = await this.#probes.run(answerSeconds, ['test', '-w', mediaDir])
    if (writable.kind === 'late')
      return { share: 'silent', trouble: `the media share ${mediaDir} does not answer` }
    if (writable.code !== 0)
      return { share: 'fine', trouble: `${mediaDir} may not be written by this user` }
    return { share: 'fine', trouble: null }
  }

  /** An automount counts: whoever touches it gets the share, and then it is looked at again. */
  #mounted(): MountPoint | undefined {
    return mountedAt(this.#probes.mountinfo(), this.#options.mediaDir)
  }

  async #mount(command: readonly string[]): Promise<string | null> {
    const { mediaDir } = this.#options
    const ran = await this.#probes.run(mountSeconds, command)
    if (ran.kind === 'late') return `mounting ${mediaDir} takes over ${mountSeconds} s`
    if (this.#mounted() !== undefined) return null
    return `${mediaDir} is not mounted: ${firstLine(ran) || `${command[0]} ended with ${ran.code}`}`
  }
}

function firstLine({ stderr }: { readonly stderr: string }): string {
  return stderr.split('\n')[0]?.slice(0, 200) ?? ''
}
