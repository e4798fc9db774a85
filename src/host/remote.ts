import type { Output } from './host.ts'

/** A machine at the other end of an ssh connection. */
export interface Remote {
  /** Runs a command that only looks. A failure is an answer; a lost connection is a `UserError`. */
  ask(argv: readonly string[]): Promise<Output>
  /** What a command prints, as it comes. `ended` answers once all of it was read. */
  read(argv: readonly string[]): RemoteStream
  close(): void
}

export interface RemoteStream {
  readonly bytes: AsyncIterable<Buffer>
  readonly ended: Promise<Pick<Output, 'code' | 'stderr'>>
}

export interface RemoteTarget {
  readonly user: string
  readonly host: string
  readonly port: number
  /** Text of a private key; undefined: the agent's keys. */
  readonly key: string | undefined
  /** Socket of an ssh agent. */
  readonly agent: string | undefined
  /** Lines of known_hosts files. */
  readonly knownHosts: readonly string[]
}

/** What connecting may have to ask somebody. Each may throw to give up. */
export interface RemoteQuestions {
  /** Nobody has seen this host's key before. True: it is the right one. */
  trust(key: HostKey): Promise<boolean>
  /** Undefined: there is none to be had. */
  password(what: string): Promise<string | undefined>
}

export interface HostKey {
  /** e.g. `ssh-ed25519`. */
  readonly type: string
  readonly base64: string
  /** As ssh shows it: `SHA256:...`. */
  readonly fingerprint: string
}
