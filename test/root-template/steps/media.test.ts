import { expect, test } from 'vitest'
import { media } from '../../../src/root-template/steps/media.ts'
import { dir } from '../../support/fake-nas.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { leavesAlone, mends, wishes } from './law.ts'

const share = '10.77.0.1:/srv/videos'
const line = `${share} /home/pi/remote nfs rw,noauto,nosuid,nodev,noexec,_netdev,x-systemd.automount,x-systemd.mount-timeout=30 0 0`

test('a line that mounts it when it is needed, and the place for it', async () => {
  const tree = fakeTree({ '/etc/fstab': 'proc /proc proc defaults 0 0', '/home/pi': dir() })
  await mends(media, tree, { media: share })
  expect(tree.textAt('/etc/fstab')).toBe(`proc /proc proc defaults 0 0\n${line}\n`)
  expect(await tree.read('/home/pi/remote')).toEqual(dir())
})

test('another share at that place is replaced, a comment about it is not', async () => {
  const old =
    '#10.0.0.1:/old /home/pi/remote nfs ro 0 0\n10.0.0.1:/old /home/pi/remote nfs ro 0 0\n'
  const tree = fakeTree({
    '/etc/fstab': `${old}tmpfs /tmp tmpfs x 0 0\n`,
    '/home/pi/remote': dir(),
  })
  await mends(media, tree, { media: share })
  expect(tree.textAt('/etc/fstab')).toBe(
    `#10.0.0.1:/old /home/pi/remote nfs ro 0 0\ntmpfs /tmp tmpfs x 0 0\n${line}\n`,
  )
})

test("a person's own options are left alone", async () => {
  const own = `${share}\t/home/pi/remote\tnfs\trw,vers=3,x-systemd.automount\t0\t0\n`
  await leavesAlone(media, fakeTree({ '/etc/fstab': own, '/home/pi/remote': dir() }), {
    media: share,
  })
})

test('of a line that the agent could not mount, all options stay', async () => {
  const own = `${share} /home/pi/remote nfs rw,user,noauto,vers=3 0 0\n`
  const tree = fakeTree({ '/etc/fstab': own, '/home/pi/remote': dir() })
  const { problems } = await mends(media, tree, { media: share })
  expect(problems).toEqual([`/etc/fstab does not mount ${share} by itself when it is needed`])
  expect(tree.textAt('/etc/fstab')).toBe(
    `${share} /home/pi/remote nfs rw,user,noauto,vers=3,x-systemd.automount 0 0\n`,
  )
})

test('none wished: left alone', async () => {
  await leavesAlone(media, fakeTree({ '/etc/fstab': '' }))
})

test.each(['/srv/videos', 'nas:/a b', 'nas:/x\n/dev/sda1 / ext4', ''])(
  '%j is refused',
  async (bad) => {
    await expect(media.mend(fakeTree(), { ...wishes, media: bad })).rejects.toThrow(
      /is no NFS share/,
    )
  },
)
