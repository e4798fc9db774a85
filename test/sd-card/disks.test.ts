import { describe, expect, test } from 'vitest'
import { cardsAmong, type Disk, namedDisk, readDisks } from '../../src/sd-card/disks.ts'
import { fakeNas, output } from '../support/fake-nas.ts'

function disk(path: string, given: Partial<Disk>): Disk {
  return {
    path,
    type: 'disk',
    size: 32e9,
    rm: true,
    hotplug: true,
    ro: false,
    tran: 'usb',
    model: 'SD Card Reader',
    fstype: null,
    label: null,
    mountpoints: [null],
    ...given,
  }
}

function part(path: string, given: Partial<Disk>): Disk {
  return disk(path, { type: 'part', ...given })
}

const bootfs = (mountpoint: string | null = null) =>
  part('/dev/sdb1', { fstype: 'vfat', label: 'bootfs', mountpoints: [mountpoint] })
const rootfs = (mountpoint: string | null = null) =>
  part('/dev/sdb2', { fstype: 'ext4', label: 'rootfs', mountpoints: [mountpoint] })

const offered: readonly (readonly [string, Disk])[] = [
  ['a card in a USB reader', disk('/dev/sdb', { children: [bootfs(), rootfs()] })],
  [
    'a card that the desktop has mounted',
    disk('/dev/sdb', { children: [bootfs('/media/me/bootfs'), rootfs('/run/media/me/rootfs')] }),
  ],
  [
    'a card in a built-in slot',
    disk('/dev/mmcblk0', { rm: false, hotplug: true, tran: null, children: [bootfs()] }),
  ],
  ['a card that is one FAT without partitions', disk('/dev/sdb', { fstype: 'vfat' })],
]

const never: readonly (readonly [string, Disk])[] = [
  [
    'the card that a Pi as NAS runs from',
    disk('/dev/mmcblk0', { children: [bootfs('/boot/firmware'), rootfs('/')] }),
  ],
  [
    'a card with only its boot partition in use',
    disk('/dev/sdb', { children: [bootfs('/boot'), rootfs()] }),
  ],
  [
    'a USB disk with the roots of the farm',
    disk('/dev/sdb', { children: [bootfs(), rootfs('/mnt/PiRoots')] }),
  ],
  ['a live system on a stick', disk('/dev/sdb', { children: [bootfs('/run/live/medium')] })],
  [
    'the disk under an overlay root',
    disk('/dev/sdb', { children: [bootfs(), rootfs('/media/root-ro')] }),
  ],
  ['swap', disk('/dev/sdb', { children: [bootfs(), part('/dev/sdb2', { fstype: 'swap' })] })],
  [
    'the running system inside LVM inside LUKS',
    disk('/dev/sdb', {
      children: [
        bootfs(),
        part('/dev/sdb2', {
          children: [
            part('/dev/mapper/c', {
              type: 'crypt',
              children: [part('/dev/mapper/v', { type: 'lvm', mountpoints: ['/'] })],
            }),
          ],
        }),
      ],
    }),
  ],
  [
    'a member of a RAID',
    disk('/dev/sdb', { children: [bootfs(), part('/dev/sdb2', { fstype: 'linux_raid_member' })] }),
  ],
]

const unsuitable: readonly (readonly [string, Disk])[] = [
  [
    'a built-in disk',
    disk('/dev/sda', { rm: false, hotplug: false, tran: 'sata', children: [bootfs()] }),
  ],
  ['an empty reader', disk('/dev/sdb', { size: 0 })],
  [
    'a camera card without a FAT',
    disk('/dev/sdb', { children: [part('/dev/sdb1', { fstype: 'exfat' })] }),
  ],
]

describe('offered', () => {
  test.each(offered)('%s', (_what, one) => {
    expect(cardsAmong([one])).toEqual([one])
    expect(namedDisk([one], one.path)).toBe(one)
  })
})

describe('not offered', () => {
  test.each([...never, ...unsuitable])('%s', (_what, one) => {
    expect(cardsAmong([one])).toEqual([])
  })
})

describe('refused even when named', () => {
  test.each(never)('%s', (_what, one) => {
    expect(() => namedDisk([one], one.path)).toThrow('is no card')
  })

  test('a partition', () => {
    const card = disk('/dev/sdb', { children: [bootfs()] })
    expect(() => namedDisk([card], '/dev/sdb1')).toThrow('not a whole disk')
  })

  test('a card whose lock is on', () => {
    expect(() => namedDisk([disk('/dev/sdb', { ro: true })], '/dev/sdb')).toThrow('read-only')
  })

  test('what is not there', () => {
    expect(() => namedDisk([], '/dev/sdz')).toThrow('"/dev/sdz" is no disk of this machine')
  })
})

test('lsblk is read as it prints', async () => {
  const printed = JSON.stringify({
    blockdevices: [{ ...disk('/dev/sdb', {}), children: [bootfs()] }],
  })
  const nas = fakeNas({}, { ask: () => output(printed) })
  expect((await readDisks(nas))[0]?.children?.[0]?.label).toBe('bootfs')
})
