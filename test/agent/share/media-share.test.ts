import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MediaShare, type ShareProbes } from '../../../src/agent/share/media-share.ts'
import { mountedAt } from '../../../src/agent/share/mount-point.ts'
import { type Ran, runWithin } from '../../../src/agent/share/run-within.ts'
import { scratchDir } from '../mux/mux-here.ts'

const dir = '/home/pi/remote'
const options = { mediaDir: dir, mountCommand: ['mount', dir] }
const nfs = `36 25 0:40 / ${dir} rw,relatime shared:1 - nfs 10.77.0.1:/videos rw,vers=3\n`
const autofs = `35 25 0:39 / ${dir} rw,relatime shared:2 - autofs systemd-1 rw,direct\n`
const well: Ran = { kind: 'ended', code: 0, stdout: '', stderr: '' }

test('what is mounted at a directory, whatever its name, and the last on top', () => {
  expect(mountedAt(nfs, dir)).toEqual({
    id: '36 0:40',
    type: 'nfs',
    source: '10.77.0.1:/videos',
  })
  expect(mountedAt(autofs + nfs, dir)?.type).toBe('nfs')
  expect(mountedAt('1 2 0:4 / /a\\040b rw - ext4 /dev/sda rw\n', '/a b')?.type).toBe('ext4')
  expect(mountedAt(nfs, '/home/pi')).toBeUndefined()
  expect(mountedAt('', dir)).toBeUndefined()
})

/** A share whose mounts change with each look, and what programs say. */
function share(mountinfos: readonly string[], answer: (argv: readonly string[]) => Ran) {
  const ran: string[] = []
  const left = [...mountinfos]
  const probes: ShareProbes = {
    mountinfo: () => (left.length > 1 ? left.shift() : left[0]) ?? '',
    run: async (_, argv) => {
      ran.push(argv[0] ?? '')
      return answer(argv)
    },
  }
  return { ran, look: () => new MediaShare(options, probes).look() }
}

describe('the media share', () => {
  test('mounted and answering', async () => {
    const { look, ran } = share([nfs], () => well)
    expect(await look()).toEqual({ share: 'fine', trouble: null, mount: '36 0:40' })
    expect(ran).toEqual(['stat', 'test'])
  })

  test('not mounted: it is mounted', async () => {
    const { look, ran } = share(['', nfs], () => well)
    expect(await look()).toEqual({ share: 'fine', trouble: null, mount: '36 0:40' })
    expect(ran).toEqual(['mount', 'stat', 'test'])
  })

  test('not mounted, and it cannot be', async () => {
    const { look } = share([''], () => ({ ...well, code: 32, stderr: 'mount.nfs: timed out\n' }))
    expect(await look()).toEqual({
      share: 'gone',
      trouble: `${dir} is not mounted: mount.nfs: timed out`,
      mount: null,
    })
  })

  test('it goes away while it is looked at', async () => {
    const { look } = share([nfs, ''], () => well)
    expect(await look()).toEqual({ share: 'gone', trouble: `${dir} is not mounted`, mount: null })
  })

  test('an automount behind which there is nothing', async () => {
    const { look } = share([autofs], ([program]) =>
      program === 'stat' ? { ...well, stdout: 'autofs\n' } : well,
    )
    expect(await look()).toMatchObject({ share: 'gone' })
  })

  test('a server that is dead', async () => {
    const { look } = share([nfs], () => ({ kind: 'late' }))
    expect(await look()).toEqual({
      share: 'silent',
      trouble: `the media share ${dir} does not answer`,
      mount: '36 0:40',
    })
  })

  test('a share that may not be written', async () => {
    const { look } = share([nfs], ([program]) => (program === 'test' ? { ...well, code: 1 } : well))
    expect(await look()).toMatchObject({
      share: 'fine',
      trouble: expect.stringContaining('written'),
    })
  })
})

test('a directory of this machine, with the real programs', async () => {
  const mediaDir = join(await scratchDir(), '-media dir')
  const media = new MediaShare({ mediaDir, mountCommand: null })
  expect(await media.look()).toMatchObject({ share: 'gone' })
  await mkdir(mediaDir)
  expect(await media.look()).toEqual({ share: 'fine', trouble: null, mount: null })
  const needsMount = new MediaShare({ mediaDir, mountCommand: ['false'] })
  expect(await needsMount.look()).toEqual({
    share: 'gone',
    trouble: `${mediaDir} is not mounted: false ended with 1`,
    mount: null,
  })
})

test('a program that does not end is not waited for', async () => {
  expect(await runWithin(0.05, ['sleep', '60'])).toEqual({ kind: 'late' })
  expect(await runWithin(60, ['/nowhere/program'])).toMatchObject({ code: 127 })
})
