import type { BootStage } from './boot-report.ts'

/** What keeps a board from going on; whoever finds it says which it is. */
export type StopKind =
  /** Nobody answered its DISCOVERs. */
  | 'dhcp-silence'
  /** The OFFER leads to no TFTP server: options 43 and 66. */
  | 'dhcp-options'
  /** The OFFER is of no use for another reason. */
  | 'dhcp-offer'
  /** What was offered is not granted. */
  | 'dhcp-grant'
  | 'dhcp-unsent'
  | 'tftp-silence'
  | 'tftp-unsent'
  /** A file is larger, or comes slower, than any that a Pi boots by. */
  | 'tftp-endless'
  /** There is no directory of its serial, and nothing to boot at the top either. */
  | 'no-directory'
  | 'no-boot-file'
  | 'no-kernel'
  | 'no-cmdline'
  /** It would start the recovery system. */
  | 'recovery'

/** Why a board goes no further. */
export interface Stop {
  readonly kind: StopKind
  /** For people; begins with who stops. */
  readonly what: string
  /** Of what could not be sent: the kernel's word for it, e.g. `EPERM`. */
  readonly code?: string
}

/** What this machine could not even send. */
export interface Unsent {
  readonly kind: 'unsent'
  readonly code: string
}

const speakers: Readonly<Record<BootStage, string>> = {
  rom: 'rom',
  bootcode: 'bootcode.bin',
  eeprom: 'eeprom',
  start: 'start.elf',
}

export function stopAt(stage: BootStage, kind: StopKind, what: string, code?: string): Stop {
  return { kind, what: `${speakers[stage]}: ${what}`, ...(code === undefined ? {} : { code }) }
}

export function unsent(error: NodeJS.ErrnoException): Unsent {
  return { kind: 'unsent', code: error.code ?? error.message }
}
