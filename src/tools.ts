import type { Host } from './host/host.ts'
import type { SshConnect, SshOptions, SshTarget } from './host/remote.ts'
import type { Workshop } from './host/workshop.ts'
import type { BootEvent } from './netboot/boot-log.ts'
import type { Fresh } from './resources/fresh.ts'
import type { Ui } from './ui/ui.ts'

/** Everything that acts. Made in `main.ts` and handed in, so that tests can hand in others. */
export interface Tools {
  readonly nas: Host
  readonly workshop: Workshop
  readonly ui: Ui
  readonly fresh: Fresh
  /** A way to another machine; nothing is connected yet. */
  sshTo(target: SshTarget, options: SshWishes): Promise<SshConnect>
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  readonly isRoot: boolean
  /** The command line as it was typed, for the journal and the lock. */
  readonly command: string
  now(): Date
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What booting Pis broadcast, where it can be heard; left out: only logs are read. */
  readonly hearPis?: HearPis
  /** Fires, until `until` does, when nobody reads the answers any more; left out: somebody does. */
  readonly whenUnread?: (until: AbortSignal) => AbortSignal
}

/** Left out, `home` is that of the user that pifarm runs as. */
type SshWishes = Omit<SshOptions, 'home' | 'agent' | 'agentHidden' | 'agentPatienceMs'> &
  Partial<Pick<SshOptions, 'home'>>

export type HearPis = (
  signal: AbortSignal,
  now: () => Date,
) => Promise<AsyncIterable<BootEvent> | undefined>
