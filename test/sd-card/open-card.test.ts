import { expect, test } from 'vitest'
import type { Disk } from '../../src/sd-card/disks.ts'
import { withCard } from '../../src/sd-card/open-card.ts'
import { dir, fakeNas, file, output } from '../support/fake-nas.ts'

/** A card whose FAT is mounted there, or nowhere. */
function card(mountpoint: string | null): Disk {
  const part = {
    ...{
      path: '/dev/sdb1',
      type: 'part',
      size: 5e8,
      rm: true,
      hotplug: true,
      ro: false,
      tran: null,
    },
    ...{ model: null, fstype: 'vfat', label: 'bootfs', mountpoints: [mountpoint] },
  }
  return {
    ...part,
    path: '/dev/sdb',
    type: 'disk',
    fstype: null,
    mountpoints: [null],
    children: [part],
  }
}

/** A kernel that mounts a FAT with a config.txt. */
function kernelWithFat() {
  const nas = fakeNas(
    { '/tmp/work': dir() },
    {
      run: ([program, ...words]) => {
        if (program === 'mount') nas.poke(`${words.at(-1)}/config.txt`, file('a=1\n', 0o755))
        return output()
      },
    },
  )
  return nas
}

test('where the desktop has mounted the card, its files are changed there', async () => {
  const nas = fakeNas({ '/media/me/bootfs/config.txt': 'a=1\n' })
  await withCard(nas, card('/media/me/bootfs'), '/tmp/work', async (boot) => {
    expect(boot.where).toBe('/media/me/bootfs')
    expect((await boot.read('config.txt'))?.text).toBe('a=1\n')
  })
  expect(nas.ran).toEqual([])
})

test('where another run is at work in that directory, that is said', async () => {
  const nas = fakeNas({ '/media/me/bootfs/config.txt': 'a=1\n' })
  await nas.hold('/media/me/bootfs')
  const work = withCard(nas, card('/media/me/bootfs'), '/tmp/work', async () => 0)
  await expect(work).rejects.toMatchObject({ exitCode: 6 })
})

test('else it is mounted for the while, and let go also when the work fails', async () => {
  const nas = kernelWithFat()
  const work = withCard(nas, card(null), '/tmp/work', async (boot) => {
    expect((await boot.read('config.txt'))?.text).toBe('a=1\n')
    throw new Error('on the way')
  })
  await expect(work).rejects.toThrow('on the way')
  expect(nas.ran.map((argv) => argv.join(' '))).toEqual([
    'mount -o nosuid,nodev -t vfat -o quiet /dev/sdb1 /tmp/work/mount',
    'umount /tmp/work/mount',
  ])
})

test('a kernel that knows no FAT, and no mtools: says what to install', async () => {
  const nas = fakeNas(
    { '/tmp/work': dir() },
    { run: () => output('', 32), lacking: ['mdir', 'mcopy'] },
  )
  await expect(withCard(nas, card(null), '/tmp/work', async () => 0)).rejects.toMatchObject({
    hint: 'apt-get install mtools',
  })
})

test('a card that cannot be let go is told of', async () => {
  const nas = fakeNas(
    { '/tmp/work': dir() },
    { run: ([program]) => (program === 'umount' ? output('', 32, 'busy') : output()) },
  )
  await expect(withCard(nas, card(null), '/tmp/work', async () => 0)).rejects.toMatchObject({
    exitCode: 4,
    hint: expect.stringContaining('umount /tmp/work/mount'),
  })
})
