import { printable } from './printable.ts'

/** What a kernel reads from its command line, as far as the way to its root goes. */
export interface Cmdline {
  /** The first line; the firmware hands over no more. */
  readonly text: string
  /** The last value of each `key=value`. */
  readonly values: Readonly<Record<string, string>>
  readonly nfsroot: NfsRoot | undefined
}

interface NfsRoot {
  /** Undefined: the DHCP server. */
  readonly server: string | undefined
  readonly path: string
  /** e.g. `vers=3,tcp`; empty without any. */
  readonly options: string
}

export function readCmdline(file: string): Cmdline {
  const text = printable(file.split(/\r?\n/)[0] ?? '').trim()
  const pairs = text
    .split(/\s+/)
    .map((word) => /^([^=]+)=(.*)$/.exec(word))
    .flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : []))
  const values = Object.fromEntries(pairs)
  return { text, values, nfsroot: readNfsRoot(values.nfsroot) }
}

/** `[<server>:]<path>[,<options>]` (kernel, nfsroot.rst). */
function readNfsRoot(value: string | undefined): NfsRoot | undefined {
  const [, server, path, options] = /^(?:([\d.]+):)?([^,]+)(?:,(.*))?$/.exec(value ?? '') ?? []
  return path === undefined ? undefined : { server, path, options: options ?? '' }
}
