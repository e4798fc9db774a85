import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import { isSubvolume } from './btrfs.ts'
import { type CopyProgress, type Host, type Seed, unfinishedOf } from './host.ts'

const progressInterval = 200

/**
 * A template becomes a root: a btrfs snapshot where it is a subvolume, else `cp -a`, which of all
 * copiers keeps hard links, capabilities, ACLs and holes, and shares blocks where it can.
 */
export const cloneTree: Host['cloneTree'] = async (clone, progress, signal) => {
  const partial = unfinishedOf(clone.to)
  fs.rmSync(partial, { recursive: true, force: true })
  await copyTree(clone.from, partial, progress, signal)
  // A copy of a link is a link: planting would write into the tree it was to be copied from.
  if (!fs.lstatSync(partial).isDirectory())
    throw new UserError(`${clone.from} is no directory, but a link or a file`)
  for (const seed of clone.seeds) plant(partial, seed)
  if (fs.lstatSync(clone.to, { throwIfNoEntry: false }) !== undefined)
    throw new UserError(`${clone.to} appeared while it was being made`)
  fs.renameSync(partial, clone.to)
}

/**
 * Copies a tree to a place where nothing is. A place that is an empty directory is taken too, and
 * gets the owner and mode of the tree's top.
 */
export async function copyTree(
  from: string,
  to: string,
  progress: CopyProgress,
  signal: AbortSignal,
): Promise<void> {
  const copy = isSubvolume(from)
    ? ['btrfs', 'subvolume', 'snapshot', from, to]
    : // -T: a target that exists would otherwise swallow the copy as a subdirectory.
      // -x: a proc or a boot partition mounted in the template is not part of it.
      ['cp', '-a', '-x', '--reflink=auto', '-T', from, to]
  // A snapshot of a name that is taken would land inside it.
  if (copy[0] === 'btrfs') fs.rmSync(to, { recursive: true, force: true })
  await copyWith(copy, progress, signal)
}

async function copyWith(
  argv: readonly string[],
  progress: CopyProgress,
  signal: AbortSignal,
): Promise<void> {
  // A kill -9 of pifarm must end the copy too, or it would go on writing into a tree that the next
  // run is clearing away.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, 4096)
  })
  const stop = () => child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  const ticks = setInterval(() => progress(bytesWritten(child.pid)), progressInterval)
  try {
    const [code] = await once(child, 'close')
    signal.throwIfAborted()
    if (code !== 0)
      throw new UserError(`${argv[0]} failed: ${stderr.trim().split('\n')[0]}`, {
        exitCode: exitCodes.putBack,
      })
  } finally {
    clearInterval(ticks)
    signal.removeEventListener('abort', stop)
  }
}

/** What the kernel has counted for this process, copy_file_range(2) included. */
function bytesWritten(pid: number | undefined): number {
  try {
    const counters = fs.readFileSync(`/proc/${pid}/io`, 'utf8')
    return Number(/^wchar: (\d+)$/m.exec(counters)?.[1] ?? 0)
  } catch {
    return 0 // ended between two ticks
  }
}

function plant(top: string, seed: Seed): void {
  const parts = seed.path.split('/')
  const name = parts.pop()
  let dir = top
  for (const part of parts) {
    dir = join(dir, part)
    const there = fs.lstatSync(dir, { throwIfNoEntry: false })
    if (there === undefined) fs.mkdirSync(dir, { mode: 0o755 })
    // A link inside the template would lead the write out of the copy, into the NAS itself.
    else if (!there.isDirectory())
      throw new UserError(
        `the template has no directory ${seed.path.slice(0, -(name?.length ?? 0))}`,
      )
  }
  const path = join(dir, name ?? '')
  fs.rmSync(path, { force: true })
  if (seed.entry === undefined) return
  if (seed.entry.kind !== 'file') throw new Error(`cannot plant ${seed.path}: not a file`)
  fs.writeFileSync(path, Buffer.from(seed.entry.text, seed.entry.encoding), {
    flag: 'wx',
    mode: 0o600,
  })
  fs.chownSync(path, seed.entry.uid, seed.entry.gid)
  fs.chmodSync(path, seed.entry.mode)
}
