import type { Output } from './host.ts'

export interface SshTarget {
  readonly user: string
  readonly host: string
  readonly port: number
}

export interface SshOptions {
  /** The directory with `.ssh` in it. */
  readonly home: string
  /** The agent's socket. */
  readonly agent?: string | undefined
  /** How long the agent may take for an answer. Left out: as long as a person takes to touch a key. */
  readonly agentPatienceMs?: number | undefined
  /** sudo has taken the agent's socket out of the environment, where there was one. */
  readonly agentHidden?: boolean
  /** A private key instead of the usual ones of `~/.ssh`. */
  readonly keyFile?: string | undefined
  /** The flag that names one, for messages. */
  readonly keyFlag: string
  /** A known_hosts file beside the usual ones: keys that are trusted are remembered in it. Left out: in the user's. */
  readonly hostsFile?: string | undefined
  /** Left out where nobody can be asked. Undefined: there is no password to be had. */
  readonly askPassword?: ((question: string) => Promise<string | undefined>) | undefined
  /** Whether a host key that was never seen is the right one. It may throw to give up. */
  readonly trust: (key: HostKey) => Promise<boolean>
  readonly signal: AbortSignal
}

export interface HostKey {
  /** As known_hosts has the host: `host`, or `[host]:port`. */
  readonly name: string
  /** e.g. `ssh-ed25519`. */
  readonly type: string
  readonly base64: string
  /** As ssh shows it: `SHA256:...`. */
  readonly fingerprint: string
}

/** One connection to another machine. */
export interface Remote {
  /**
   * Runs one command and waits for its end. Input and output are latin1: byte for byte. The status
   * is 255 where the connection ended first.
   */
  run(argv: readonly string[], input?: string): Promise<Output>
  /** What a command prints, as it comes. A lost connection is a `UserError`. */
  read(argv: readonly string[], signal: AbortSignal): RemoteStream
  /** Writes a file through `tee`. */
  put(path: string, text: string): Promise<Output>
  /** When the connection has ended, from whichever side. */
  readonly closed: Promise<void>
  close(): void
}

export interface RemoteStream {
  readonly bytes: AsyncIterable<Buffer>
  /** Answers once all of `bytes` was read. */
  readonly ended: Promise<Pick<Output, 'code' | 'stderr'>>
}

/** Connects. `again`: with the password of the first time, and without asking anything. */
export type SshConnect = (again?: 'again') => Promise<Remote>
