import * as z from 'zod'
import { quoted, UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'
import { needPrograms } from '../host/need-programs.ts'

/** One block device as lsblk tells of it, with what lies on top of it. */
export interface Disk {
  readonly path: string
  readonly type: string
  readonly size: number
  readonly rm: boolean
  readonly hotplug: boolean
  readonly ro: boolean
  readonly tran: string | null
  readonly model: string | null
  readonly fstype: string | null
  readonly label: string | null
  readonly mountpoints: readonly (string | null)[]
  readonly children?: readonly Disk[] | undefined
}

const disk: z.ZodType<Disk> = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number(),
  rm: z.boolean(),
  hotplug: z.boolean(),
  ro: z.boolean(),
  tran: z.string().nullable(),
  model: z.string().nullable(),
  fstype: z.string().nullable(),
  label: z.string().nullable(),
  mountpoints: z.array(z.string().nullable()),
  children: z.array(z.lazy(() => disk)).optional(),
})
const answer = z.object({ blockdevices: z.array(disk) })

const columns = 'PATH,TYPE,SIZE,RM,HOTPLUG,RO,TRAN,MODEL,FSTYPE,LABEL,MOUNTPOINTS'

/** The block devices of this machine. */
export async function readDisks(reader: Reader): Promise<readonly Disk[]> {
  await needPrograms(reader, ['lsblk'])
  const { code, stdout, stderr } = await reader.ask(['lsblk', '-J', '-b', '-o', columns])
  if (code !== 0) throw new UserError(`lsblk lists no disks: ${stderr.trim()}`)
  const parsed = answer.safeParse(JSON.parse(stdout))
  if (!parsed.success) throw new UserError(`lsblk answers in a form that is not known here`)
  return parsed.data.blockdevices
}

/** The disks that may be offered: removable, with a FAT on them, in no use by this machine. */
export function cardsAmong(disks: readonly Disk[]): readonly Disk[] {
  return disks.filter(
    (found) =>
      found.type === 'disk' &&
      (found.rm || found.hotplug || found.tran === 'usb') &&
      !found.ro &&
      found.size > 0 &&
      bootPartitionOf(found) !== undefined &&
      whyNotCard(found) === undefined,
  )
}

/** The disk that a person named. Throws a `UserError` unless it is a whole disk that is not in use. */
export function namedDisk(disks: readonly Disk[], path: string): Disk {
  const found = disks.find((one) => one.path === path)
  if (found === undefined) {
    const whole = disks.find((one) => below(one).some((part) => part.path === path))
    throw new UserError(
      `${quoted(path)} is ${whole ? 'not a whole disk' : 'no disk of this machine'}`,
      {
        hint: whole ? `it is a part of ${whole.path}` : 'see `lsblk` for what is there',
      },
    )
  }
  const why = whyNotCard(found)
  if (why !== undefined)
    throw new UserError(`${quoted(path)} is no card: ${why}`, {
      hint: 'only a card that this machine does not use can be changed',
    })
  if (found.ro)
    throw new UserError(`${quoted(path)} is read-only`, {
      hint: 'slide the lock at the side of the card',
    })
  return found
}

/** The first FAT of a card, which is what the firmware boots from. */
export function bootPartitionOf(card: Disk): Disk | undefined {
  return [...below(card), card].find((part) => part.fstype === 'vfat')
}

/** Where a disk's partition is mounted for reading and writing by hand. */
export function mountedAt(part: Disk): string | undefined {
  return part.mountpoints.find((point) => point !== null) ?? undefined
}

/** A card as it stands in a list of choices. */
export function describeDisk(card: Disk): string {
  const labels = below(card).flatMap((part) => part.label ?? [])
  const gigabytes = `${(card.size / 1e9).toFixed(1)} GB`
  return [card.path, gigabytes, card.model?.trim(), labels.join(', ')].filter(Boolean).join('  ')
}

/**
 * What this machine uses the disk for, if anything. Desktops mount cards below /media; all that
 * is mounted elsewhere was put there on purpose, the running system most of all.
 */
function whyNotCard(found: Disk): string | undefined {
  for (const part of [found, ...below(found)]) {
    const place = part.mountpoints.find((point) => point !== null && !isDesktopMount(point))
    if (place) return `${part.path} is in use at ${place}`
    if (/_member$|^LVM|^crypto|^swap$|^zfs|^btrfs$/.test(part.fstype ?? ''))
      return `${part.path} holds ${part.fstype}, which may be in use`
  }
  return undefined
}

function isDesktopMount(point: string): boolean {
  // overlayroot keeps the running system's own disk below /media.
  return /^\/(?:run\/)?media\//.test(point) && !/^\/media\/root-r[ow]/.test(point)
}

function below(found: Disk): readonly Disk[] {
  return (found.children ?? []).flatMap((part) => [part, ...below(part)])
}
