import { UserError } from '../errors.ts'
import type { Entry, FileEntry, Host, Output } from '../host/host.ts'
import type { FilesBelow, Workshop } from '../host/workshop.ts'
import { packageFile } from '../package-file.ts'
import { architectureOf } from './architecture.ts'
import type { Emulation } from './emulation.ts'

const enterScript = packageFile('templates/root-template/enter.sh')

export interface ChrootTools {
  readonly nas: Host
  readonly workshop: Workshop
  readonly files: FilesBelow
  readonly emulation: Emulation
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
  /** Called with each line that it writes to its file descriptor 3. */
  readonly status?: ((line: string) => void) | undefined
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
        ...(options.status && { status: options.status }),
      },
      signal,
    ),
  )
}

/** Sees to it that programs of this root can run here. */
async function emulate({ files, emulation }: ChrootTools): Promise<void> {
  const architecture = await architectureOf(files)
  if (architecture === undefined)
    throw new UserError(`${files.top} has no program that tells its architecture`, {
      hint: 'a root filesystem of Debian or Raspberry Pi OS is needed',
    })
  await emulation.need(architecture)
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
