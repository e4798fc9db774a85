import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.ts'
import type { Entry, FileEntry, Host, Output } from '../host/host.ts'
import type { FilesBelow, Workshop } from '../host/workshop.ts'
import { type Architecture, architectureOf, emulatorFor } from './architecture.ts'

const enterScript = script('enter.sh')
const emulateScript = script('emulate.sh')

function script(name: string): string {
  return fileURLToPath(new URL(`../../templates/root-template/${name}`, import.meta.url))
}

export interface ChrootTools {
  readonly nas: Host
  readonly workshop: Workshop
  readonly files: FilesBelow
  /** What commands print is appended to this file. */
  readonly log: string
  readonly signal: AbortSignal
  /**
   * `look`: what runs inside cannot change the tree. `never`: nothing is run, which is an answer with
   * the code 126: the programs of a Pi's root are whatever the Pi has made of them.
   */
  readonly enter?: 'look' | 'never'
}

export interface ChrootOptions {
  /** A directory of the NAS that the command sees as /run/pifarm-hooks. */
  readonly hooks?: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a command inside a root filesystem, through qemu where its architecture is not the NAS's. For
 * as long as it runs, names are resolved as on the NAS and no package starts a service.
 */
export async function runInside(
  tools: ChrootTools,
  argv: readonly string[],
  options: ChrootOptions = {},
): Promise<Output> {
  const { files, workshop, log, signal, enter } = tools
  if (enter === 'never') return { code: 126, stdout: '', stderr: 'nothing is run in this root' }
  await emulate(tools)
  const argvInside = ['sh', enterScript, files.top, options.hooks ?? '', enter ?? 'change', ...argv]
  if (enter === 'look') return await workshop.work({ argv: argvInside }, signal)
  for (const dir of ['/proc', '/sys', '/dev', '/run', '/tmp'])
    if ((await files.read(dir)) === undefined)
      await files.put(dir, { kind: 'dir', mode: dir === '/tmp' ? 0o1777 : 0o755 })
  return await withLoans(tools, () =>
    workshop.work(
      {
        argv: argvInside,
        log,
        ...(options.env && { env: options.env }),
      },
      signal,
    ),
  )
}

/** Sees to it that programs of this root can run here; registers qemu with the kernel if need be. */
export async function emulate({
  nas,
  workshop,
  files,
  signal,
}: Pick<ChrootTools, 'nas' | 'workshop' | 'files' | 'signal'>): Promise<void> {
  const architecture = await architectureOf(files)
  if (architecture === undefined)
    throw new UserError(`${files.top} has no program that tells its architecture`, {
      hint: 'a root filesystem of Debian or Raspberry Pi OS is needed',
    })
  await emulateArchitecture({ nas, workshop, signal }, architecture)
}

export async function emulateArchitecture(
  { nas, workshop, signal }: Pick<ChrootTools, 'nas' | 'workshop' | 'signal'>,
  architecture: Architecture,
): Promise<void> {
  const { stdout: machine } = await nas.ask(['uname', '-m'])
  const emulator = emulatorFor(machine.trim(), architecture)
  if (emulator === undefined) return
  const { code, stderr } = await workshop.work({ argv: ['sh', emulateScript, emulator] }, signal)
  if (code === 0) return
  throw new UserError(
    code === 3
      ? `programs for ${architecture} cannot run here: qemu is not installed`
      : `programs for ${architecture} cannot run here: ${stderr.trim().split('\n').at(-1)}`,
    { hint: 'install it: apt-get install qemu-user-static' },
  )
}

/** Lends the tree two files of the NAS, and takes them back unless somebody made them their own. */
async function withLoans<T>({ nas, files }: ChrootTools, work: () => Promise<T>): Promise<T> {
  const { stdout: resolver } = await nas.ask(['cat', '/etc/resolv.conf'])
  const loans: readonly (readonly [string, FileEntry])[] = [
    ['/etc/resolv.conf', loan(resolver, 0o644)],
    // 101: "not allowed", for which invoke-rc.d leaves the service alone.
    ['/usr/sbin/policy-rc.d', loan('#!/bin/sh\nexit 101\n', 0o755)],
  ]
  const before: [string, FileEntry, Entry | undefined][] = []
  for (const [path, lent] of loans) {
    before.push([path, lent, await files.read(path)])
    await files.put(path, lent)
  }
  try {
    return await work()
  } finally {
    for (const [path, lent, own] of before) {
      const now = await files.read(path)
      const isOurs = now?.kind === 'file' && now.text === lent.text
      if (isOurs) await files.put(path, own)
    }
  }
}

function loan(text: string, mode: number): FileEntry {
  return { kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }
}
