import * as z from 'zod'
import { UserError } from '../../errors.ts'
import {
  type Mac,
  mac as macSchema,
  type Serial,
  serial as serialSchema,
} from '../../farm/schema.ts'
import type { Remote, SshTarget } from '../../host/remote.ts'
import { lostConnection } from '../../host/ssh-failure.ts'

/** What a Pi that runs from its card says of itself. All of it is somebody else's word. */
export interface PiFacts {
  readonly model: string
  readonly serial: Serial | undefined
  readonly mac: Mac | undefined
  readonly release: string
  /** Bytes in use on its root and its boot partition. */
  readonly bytes: number
  readonly bytesFree: number
  /** Where its boot partition is mounted, which may be nowhere. */
  readonly boot: string | undefined
  /** Swap files, which are left out: absolute paths. */
  readonly swapFiles: readonly string[]
  /** What makes a command root's: nothing for root itself. */
  readonly sudo: readonly string[]
}

const path = z.string().regex(/^(?:\/[\w.+@-]+)+$/)

/** Looks at the Pi without changing anything on it. */
export async function surveyPi(
  remote: Remote,
  target: Pick<SshTarget, 'user' | 'host'>,
): Promise<PiFacts> {
  const ask: Ask = async (...argv) => {
    const { code, stdout } = await remote.run(argv)
    if (code === 255) throw lostConnection(target)
    return { code, text: Buffer.from(stdout, 'latin1').toString('utf8').replaceAll('\0', '') }
  }
  const text = async (...argv: string[]) => (await ask(...argv)).text
  const sudo = await rootBy(ask, target.user)
  const boot = bootMount(await text('cat', '/proc/mounts'))
  const cpuinfo = await text('cat', '/proc/cpuinfo')
  const released = await text('cat', '/etc/os-release')
  const disks = [await text('df', '-B1', '--output=used,avail', '/')]
  if (boot !== undefined) disks.push(await text('df', '-B1', '--output=used,avail', boot))
  const sizes = disks.map((table) => /(\d+)\s+(\d+)\s*$/.exec(table) ?? [])
  return {
    model: (await text('cat', '/proc/device-tree/model')).trim().slice(0, 80) || 'unknown',
    serial: serialSchema.safeParse(/^Serial\s*:\s*(\S+)$/m.exec(cpuinfo)?.[1]).data,
    mac: await wiredMac(text),
    release: /^PRETTY_NAME="?([^"\n]{1,80})"?$/m.exec(released)?.[1] ?? 'unknown',
    bytes: sizes.reduce((sum, [, used]) => sum + (Number(used) || 0), 0),
    bytesFree: Number(sizes[0]?.[2]) || 0,
    boot,
    swapFiles: swapFiles(await text('cat', '/proc/swaps')),
    sudo,
  }
}

type Ask = (...argv: readonly string[]) => Promise<{ readonly code: number; readonly text: string }>

async function rootBy(ask: Ask, user: string): Promise<readonly string[]> {
  const { code, text } = await ask('id', '-u')
  if (code === 0 && text.trim() === '0') return []
  // -n: it would wait for a password on a terminal that is not there.
  const sudo = ['sudo', '-n']
  if ((await ask(...sudo, 'true')).code === 0) return sudo
  throw new UserError(`${user} may not become root there without a password`, {
    hint: `on the Pi: echo '${user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/010_pifarm`,
  })
}

/** The board's own: the first that hangs on wire, by the names of old and new releases. */
async function wiredMac(text: (...argv: string[]) => Promise<string>): Promise<Mac | undefined> {
  const names = (await text('ls', '/sys/class/net')).split('\n')
  const wired = names.filter((name) => /^(?:eth|en)[a-z0-9]+$/.test(name)).sort()
  const name = wired.includes('eth0') ? 'eth0' : wired[0]
  if (name === undefined) return undefined
  return macSchema.safeParse((await text('cat', `/sys/class/net/${name}/address`)).trim()).data
}

function bootMount(mounts: string): string | undefined {
  const points = mounts.split('\n').map((line) => line.split(' ')[1])
  return ['/boot/firmware', '/boot'].find((point) => points.includes(point))
}

function swapFiles(swaps: string): string[] {
  return swaps.split('\n').flatMap((line) => {
    const [name, type] = line.split(/\s+/)
    return type === 'file' && path.safeParse(name).success ? [name ?? ''] : []
  })
}
