import type { FileEntry } from '../host/host.ts'
import type { FilesBelow } from '../host/workshop.ts'

/** Debian's names of the architectures that a template can have. */
export type Architecture = 'arm64' | 'armhf' | 'amd64' | 'i386'

/** The machine numbers in an ELF header. */
const machines: ReadonlyMap<number, Architecture> = new Map([
  [183, 'arm64'],
  [40, 'armhf'],
  [62, 'amd64'],
  [3, 'i386'],
])
/** Programs that are files, not links, in a Debian of any age. */
const programs = ['/usr/bin/dpkg', '/bin/bash', '/usr/bin/env', '/bin/true', '/bin/busybox']

/** What the programs of a root are made for; undefined where it has none that tells. */
export async function architectureOf(
  files: Pick<FilesBelow, 'read'>,
): Promise<Architecture | undefined> {
  for (const path of programs) {
    const entry = await files.read(path)
    if (entry?.kind !== 'file') continue
    if (elfMachine(entry) !== undefined) return programArchitecture(entry)
  }
  return undefined
}

/** What a program is made for; undefined: it is none, as a script, or for another machine than those. */
export function programArchitecture(program: Beginning): Architecture | undefined {
  const machine = elfMachine(program)
  return machine === undefined ? undefined : machines.get(machine)
}

/** The machine number in a program's header; undefined: it has none, as a script. */
function elfMachine({ text, encoding }: Beginning): number | undefined {
  const bytes = Buffer.from(text.slice(0, 64), encoding)
  const isElf = bytes.toString('latin1', 1, 4) === 'ELF' && bytes.length >= 20
  return isElf ? bytes.readUInt16LE(18) : undefined
}

type Beginning = Pick<FileEntry, 'text' | 'encoding'>

/** What a program is made for, where that is no Raspberry Pi: `amd64`, `ELF machine 243`. */
export function foreignToPis(program: Beginning): string | undefined {
  const machine = elfMachine(program)
  if (machine === undefined) return undefined
  const architecture = machines.get(machine)
  if (architecture === undefined) return `ELF machine ${machine}`
  return isForPis(architecture) ? undefined : architecture
}

export function isForPis(architecture: string): boolean {
  return architecture === 'arm64' || architecture === 'armhf'
}

/** What `uname -m` of the NAS says, and the architectures it runs by itself. */
const native: Readonly<Record<string, readonly Architecture[]>> = {
  x86_64: ['amd64', 'i386'],
  i686: ['i386'],
  aarch64: ['arm64', 'armhf'],
  armv7l: ['armhf'],
}

const emulators: Readonly<Record<Architecture, string>> = {
  arm64: 'aarch64',
  armhf: 'arm',
  amd64: 'x86_64',
  i386: 'i386',
}

/** qemu's name of an architecture that this machine needs it for; undefined where it does not. */
export function emulatorFor(machine: string, architecture: Architecture): string | undefined {
  return native[machine]?.includes(architecture) ? undefined : emulators[architecture]
}
