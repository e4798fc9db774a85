import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { realFresh } from '../../src/host/fresh.ts'
import type { Entry, Output } from '../../src/host/host.ts'
import { carryOut } from '../../src/plan/carry-out.ts'
import type { ResourcePlan } from '../../src/plan/change.ts'
import type { Look } from '../../src/resources/resource.ts'
import { rootfs } from '../../src/resources/rootfs/rootfs.ts'
import { withoutLocalDisks } from '../../src/root-template/inside/fstab.ts'
import { dir, type FakeNas, fakeNas, file, output } from '../support/fake-nas.ts'

const templateFstab = `proc /proc proc defaults 0 0
PARTUUID=abcd-01 /boot/firmware vfat defaults 0 2
PARTUUID=abcd-02 / ext4 defaults,noatime 0 1
# a comment, tabs\tand two  blanks
tmpfs\t/tmp  tmpfs size=50m 0 0
/var/swap none swap sw 0 0
10.77.0.1:/videos /home/pi/remote nfs rw,noauto 0 0
`

const template = {
  '/var/lib/pifarm': dir(0o700),
  '/mnt/PiRoots/template/etc/fstab': templateFstab,
  '/mnt/PiRoots/template/etc/hostname': 'raspberrypi\n',
  '/mnt/PiRoots/template/etc/machine-id': 'feed\n',
  '/mnt/PiRoots/template/etc/ssh/ssh_host_rsa_key': 'THE TEMPLATE OWN KEY',
  '/mnt/PiRoots/template/etc/ssh/ssh_host_ed25519_key': 'THE TEMPLATE OWN KEY',
  '/mnt/PiRoots/template/etc/ssh/sshd_config': 'Port 22\n',
  '/mnt/PiRoots/template/var/lib/dbus/machine-id': 'feed\n',
  '/mnt/PiRoots/template/usr/bin/ffmpeg': 'x',
  '/mnt/PiRoots/template/boot/firmware/start.elf': 'x',
  '/proc/self/mountinfo': '22 1 8:1 / / rw - ext4 /dev/sda1 rw\n',
}

const pi1 = { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', address: '10.77.0.51', muxid: 1 }
const pi2 = { name: 'HLSPi2', mac: 'b8:27:eb:33:34:7b', address: '10.77.0.52', muxid: 2 }

function farmOf(pis: readonly object[], domain?: string): Farm {
  const network = { subnet: '10.77.0.0/24', addresses: '10.77.0.50-10.77.0.99', domain }
  const nas = { address: '10.77.0.1', interface: 'eth0' }
  return makeFarm('farm.yaml', farmSchema.parse({ nas, network, pis }))
}

function nasWith(
  tree: Record<string, string | Entry> = {},
  answers: Readonly<Record<string, Output>> = {},
  freeBytes = 1e12,
): FakeNas {
  const ask = (argv: readonly string[]) =>
    answers[argv[0] ?? ''] ??
    (argv[0] === 'du' ? output('1000000000\t/mnt/PiRoots/template\n') : output())
  return fakeNas({ ...template, ...tree }, { ask, freeBytes })
}

async function planOf(
  nas: FakeNas,
  farm: Farm,
  owned: readonly string[] = [],
  more: Partial<Look> = {},
): Promise<ResourcePlan> {
  const look = { farm, nas, owned: new Set(owned), fresh: counting(), purge: false, runId: '0007' }
  return await rootfs.plan({ ...look, ...more })
}

/** Keys one can recognise. */
function counting(): Look['fresh'] {
  let made = 0
  return {
    machineId: () => String(++made).padStart(32, '0'),
    token: () => `token-${++made}`,
    hostKey: async (type, comment) => {
      made += 1
      const algorithm = type === 'ed25519' ? 'ssh-ed25519' : 'ecdsa-sha2-nistp256'
      return { privateKey: `private ${made}\n`, publicKey: `${algorithm} AAAA${made} ${comment}` }
    },
  }
}

async function carryAll(nas: FakeNas, plan: ResourcePlan): Promise<void> {
  for (const change of plan.changes)
    await carryOut(change, nas, () => {}, new AbortController().signal)
}

async function textOf(nas: FakeNas, path: string): Promise<string | undefined> {
  const entry = await nas.read(path)
  return entry?.kind === 'file' ? entry.text : undefined
}

describe('a new Pi', () => {
  test('gets a root of its own names, mounts and keys, and none of the template', async () => {
    const nas = nasWith()
    const plan = await planOf(nas, farmOf([pi1], 'lan'))
    await carryAll(nas, plan)
    const root = '/mnt/PiRoots/HLSPi1'
    expect(plan.owns).toEqual([root])
    expect(await textOf(nas, `${root}/etc/hostname`)).toBe('HLSPi1\n')
    expect(await textOf(nas, `${root}/etc/hosts`)).toBe(
      '127.0.0.1\tlocalhost\n127.0.1.1\tHLSPi1.lan HLSPi1\n' +
        '::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n',
    )
    expect(await nas.read(`${root}/etc/machine-id`)).toEqual(
      file(`${'1'.padStart(32, '0')}\n`, 0o444),
    )
    expect(await nas.read(`${root}/etc/ssh/ssh_host_ed25519_key`)).toEqual(
      file('private 2\n', 0o600),
    )
    expect(await nas.read(`${root}/etc/ssh/ssh_host_ecdsa_key.pub`)).toEqual(
      file('ecdsa-sha2-nistp256 AAAA3 root@HLSPi1\n'),
    )
    expect(await nas.read(`${root}/etc/ssh/ssh_host_rsa_key`)).toBeUndefined()
    expect(await nas.read(`${root}/var/lib/dbus/machine-id`)).toBeUndefined()
    expect(await textOf(nas, `${root}/etc/ssh/sshd_config`)).toBe('Port 22\n')
    expect(await textOf(nas, '/mnt/PiRoots/template/etc/machine-id')).toBe('feed\n')
  })

  test('has the same identity in the vault, readable by root alone', async () => {
    const nas = nasWith()
    await carryAll(nas, await planOf(nas, farmOf([pi1])))
    const vault = '/var/lib/pifarm/identity'
    for (const path of [vault, `${vault}/HLSPi1`]) expect(await nas.read(path)).toEqual(dir(0o700))
    for (const [name, in_root] of [
      ['machine-id', 'etc/machine-id'],
      ['ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key'],
      ['ssh_host_ecdsa_key.pub', 'etc/ssh/ssh_host_ecdsa_key.pub'],
    ])
      expect(await nas.read(`${vault}/HLSPi1/${name}`)).toEqual(
        await nas.read(`/mnt/PiRoots/HLSPi1/${in_root}`),
      )
  })

  test('hides private keys in the plan', async () => {
    const plan = await planOf(nasWith(), farmOf([pi1]))
    const shown = plan.changes.filter((change) => change.kind === 'put' && change.secret !== true)
    expect(JSON.stringify(shown)).not.toContain('private')
  })

  test('comes with the size of its copy, and the template is measured once', async () => {
    const nas = nasWith()
    const plan = await planOf(nas, farmOf([pi1, pi2]))
    const sizes = plan.changes.flatMap((change) =>
      change.kind === 'clone-tree' ? [change.bytes] : [],
    )
    expect(sizes).toEqual([1e9, 1e9])
    expect(nas.asked.filter(([program]) => program === 'du')).toHaveLength(1)
  })

  test('never makes the same entry twice in one plan', async () => {
    const { changes } = await planOf(nasWith(), farmOf([pi1, pi2]))
    const puts = changes.flatMap((change) => (change.kind === 'put' ? [change.path] : []))
    expect(puts).toEqual([...new Set(puts)])
  })
})

describe('already so', () => {
  test('nothing is to be done, no command is asked and no private key read', async () => {
    const nas = nasWith()
    const farm = farmOf([pi1, pi2])
    const first = await planOf(nas, farm)
    await carryAll(nas, first)
    nas.asked.length = 0
    const read: string[] = []
    const watched: FakeNas = {
      ...nas,
      read: async (path) => {
        read.push(path)
        return await nas.read(path)
      },
    }
    const second = await planOf(watched, farm, first.owns)
    expect(second).toEqual({ ...first, changes: [] })
    expect(nas.asked).toEqual([])
    expect(read.filter((path) => path.endsWith('_key'))).toEqual([])
  })

  test('a template that is gone is not missed', async () => {
    const nas = nasWith()
    const first = await planOf(nas, farmOf([pi1]))
    await carryAll(nas, first)
    nas.poke('/mnt/PiRoots/template', undefined)
    expect((await planOf(nas, farmOf([pi1]), first.owns)).changes).toEqual([])
  })
})

describe('known_hosts', () => {
  test('holds a line for each key, sorted, which ssh-keygen finds by name and by address', async () => {
    const nas = nasWith()
    await carryAll(nas, await planOf(nas, farmOf([pi2, pi1], 'lan'), [], { fresh: realFresh() }))
    const text = (await textOf(nas, '/var/lib/pifarm/known_hosts')) ?? ''
    expect(text.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'HLSPi1,HLSPi1.lan,10.77.0.51 ssh-ed25519',
      'HLSPi1,HLSPi1.lan,10.77.0.51 ecdsa-sha2-nistp256',
      'HLSPi2,HLSPi2.lan,10.77.0.52 ssh-ed25519',
      'HLSPi2,HLSPi2.lan,10.77.0.52 ecdsa-sha2-nistp256',
      '',
    ])
    const top = mkdtempSync(join(tmpdir(), 'pifarm-hosts-'))
    try {
      const path = join(top, 'known_hosts')
      writeFileSync(path, text)
      for (const name of ['HLSPi1', 'hlspi1.lan', '10.77.0.51'])
        expect(execFileSync('ssh-keygen', ['-F', name, '-f', path], { encoding: 'utf8' })).toMatch(
          /^# Host \S+ found/,
        )
    } finally {
      rmSync(top, { recursive: true })
    }
  })

  test('follows a new address without touching the root', async () => {
    const nas = nasWith()
    const first = await planOf(nas, farmOf([pi1]))
    await carryAll(nas, first)
    const { changes } = await planOf(nas, farmOf([{ ...pi1, address: '10.77.0.60' }]), first.owns)
    expect(changes.map((change) => change.kind === 'put' && change.path)).toEqual([
      '/var/lib/pifarm/known_hosts',
    ])
  })
})

describe('a Pi that leaves', () => {
  async function farmOfTwo(answers: Readonly<Record<string, Output>> = {}) {
    const nas = nasWith({}, answers)
    const plan = await planOf(nas, farmOf([pi1, pi2]))
    await carryAll(nas, plan)
    return { nas, owned: plan.owns }
  }

  test('has its root moved aside, and keeps its identity for its return', async () => {
    const { nas, owned } = await farmOfTwo()
    const key = '/var/lib/pifarm/identity/HLSPi1/ssh_host_ed25519_key'
    const before = await textOf(nas, key)
    const plan = await planOf(nas, farmOf([pi2]), owned)
    await carryAll(nas, plan)
    expect(plan.owns).toEqual(['/mnt/PiRoots/HLSPi2'])
    expect(await nas.read('/mnt/PiRoots/HLSPi1')).toBeUndefined()
    expect(await nas.read('/mnt/PiRoots/.HLSPi1.removed-0007')).toEqual(dir())
    expect(await textOf(nas, '/var/lib/pifarm/known_hosts')).not.toContain('HLSPi1')
    await carryAll(nas, await planOf(nas, farmOf([pi1, pi2]), plan.owns))
    expect(await textOf(nas, '/mnt/PiRoots/HLSPi1/etc/ssh/ssh_host_ed25519_key')).toBe(before)
    expect(await textOf(nas, '/var/lib/pifarm/known_hosts')).toContain('HLSPi1,10.77.0.51')
  })

  test('leaves no identity behind when it leaves for good', async () => {
    const nas = nasWith()
    const before = nas.snapshot()
    const first = await planOf(nas, farmOf([pi1]))
    await carryAll(nas, first)
    await carryAll(nas, await planOf(nas, farmOf([]), first.owns, { purge: true }))
    await nas.removeTree('/mnt/PiRoots/.HLSPi1.removed-0007')
    expect(nas.snapshot()).toEqual(before)
  })

  test('does not take the identity of another with it', async () => {
    const { nas, owned } = await farmOfTwo()
    await carryAll(nas, await planOf(nas, farmOf([pi2]), owned, { purge: true }))
    expect(await nas.list('/var/lib/pifarm/identity')).toEqual(new Map([['HLSPi2', 'dir']]))
  })

  test('is not renamed while its root is mounted', async () => {
    const ss = output('0 0 10.77.0.1:2049 10.77.0.51:755 \n')
    const { nas, owned } = await farmOfTwo({ ss })
    const kitchen = farmOf([{ ...pi1, name: 'kitchen' } as typeof pi1, pi2])
    const renamed = new Map([['kitchen', 'HLSPi1']])
    await expect(planOf(nas, kitchen, owned, { renamed })).rejects.toThrow(
      'HLSPi1 (10.77.0.51) still has its root mounted',
    )
  })

  test.each([
    ['IPv4', '0 0 10.77.0.1:2049 10.77.0.51:755 \n'],
    ['IPv4 in IPv6', '0 0 [::ffff:10.77.0.1]:2049 [::ffff:10.77.0.51]:755\n'],
  ])('is refused while its root is mounted (%s)', async (_, stdout) => {
    const { nas, owned } = await farmOfTwo({ ss: output(stdout) })
    await expect(planOf(nas, farmOf([pi2]), owned)).rejects.toThrow(
      'HLSPi1 (10.77.0.51) still has its root mounted',
    )
  })

  test('may leave while another is connected, whose address begins alike', async () => {
    const stdout = '0 0 10.77.0.1:2049 10.77.0.52:755\n0 0 10.77.0.1:2049 10.77.0.5:755\n'
    const { nas, owned } = await farmOfTwo({ ss: output(stdout) })
    expect((await planOf(nas, farmOf([pi2]), owned)).warnings).toEqual([])
  })

  test('cannot be checked without ss, which is said', async () => {
    const { nas, owned } = await farmOfTwo({ ss: output('', 127, 'ss: not found') })
    expect((await planOf(nas, farmOf([pi2]), owned)).warnings).toEqual([
      'cannot see who is connected to NFS: ss failed',
    ])
  })
})

describe('refuses', () => {
  const noTemplate = { ...pi1, template: 'tmplate' }
  const linkTo = (target: string): Entry => ({ kind: 'link', target })
  const cases: [string, Farm, Record<string, string | Entry>, string, string][] = [
    [
      'a root that a person made',
      farmOf([pi1]),
      { '/mnt/PiRoots/HLSPi1/etc/hostname': 'mine' },
      '/mnt/PiRoots/HLSPi1 exists, and pifarm did not make it',
      'move it away (mv /mnt/PiRoots/HLSPi1 /mnt/PiRoots/HLSPi1.old), or give the Pi another name',
    ],
    [
      'a Pi named like the template',
      farmOf([{ ...pi1, name: 'template' }]),
      {},
      '/mnt/PiRoots/template exists, and pifarm did not make it',
      'move it away',
    ],
    [
      'an unknown template, and names those there are',
      farmOf([noTemplate]),
      { '/mnt/PiRoots/.pi.removed-1/etc/x': '', '/mnt/PiRoots/lost+found/x': '' },
      'there is no template "tmplate" in /mnt/PiRoots',
      'there is "template"',
    ],
    [
      'a template that is a link: the Pi would be written into what it leads to',
      farmOf([noTemplate]),
      { '/mnt/PiRoots/tmplate': linkTo('template') },
      'the template /mnt/PiRoots/tmplate is a link',
      'name what it leads to',
    ],
    [
      'a template with a link where the keys of each Pi go',
      farmOf([noTemplate]),
      {
        '/mnt/PiRoots/tmplate/etc/ssh': linkTo('/etc/ssh'),
        '/mnt/PiRoots/tmplate/usr/x': '',
        '/mnt/PiRoots/tmplate/boot/start.elf': '',
      },
      "/mnt/PiRoots/tmplate/etc/ssh is no directory of the template's own",
      'make it a plain directory',
    ],
    [
      'a template that is no root',
      farmOf([noTemplate]),
      { '/mnt/PiRoots/tmplate/etc/x': '' },
      '/mnt/PiRoots/tmplate is not a root filesystem',
      'pifarm template build',
    ],
    [
      'a template without boot files',
      farmOf([noTemplate]),
      {
        '/mnt/PiRoots/tmplate/etc/x': '',
        '/mnt/PiRoots/tmplate/usr/x': '',
        '/mnt/PiRoots/tmplate/boot/vmlinuz': '',
      },
      'holds no Raspberry Pi boot files',
      'boot/firmware',
    ],
    [
      'a template with something mounted in it',
      farmOf([pi1]),
      { '/proc/self/mountinfo': '30 22 0:5 / /mnt/PiRoots/template/proc rw - proc proc rw\n' },
      '/mnt/PiRoots/template/proc is mounted inside a template',
      'umount /mnt/PiRoots/template/proc',
    ],
  ]
  test.each(cases)('%s', async (_, farm, tree, message, hint) => {
    const error = await planOf(nasWith(tree), farm).catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    })
  })
})

test('roots behind a link are refused: the kernel would export them under another name', async () => {
  const nas = nasWith()
  nas.poke('/mnt', undefined)
  nas.poke('/mnt', { kind: 'link', target: '/data' })
  await expect(planOf(nas, farmOf([pi1]))).rejects.toMatchObject({
    message: 'paths.roots /mnt/PiRoots leads through the link /mnt',
    hint: 'write where it leads to as paths.roots in farm.yaml',
  })
})

describe('a full disk', () => {
  const ext4 = output('ext2/ext3\n')
  test.each<[string, Record<string, Output>, number, boolean]>([
    ['has room for both copies', { stat: ext4 }, 2_100_000_000, false],
    ['has room for one and a half', { stat: ext4 }, 1_500_000_000, true],
    ['has room for both but no margin', { stat: ext4 }, 2_000_000_000, true],
    ['shares blocks on btrfs', { stat: output('btrfs\n') }, 1000, false],
    ['shares blocks on xfs', { stat: output('xfs\n'), xfs_info: output(' reflink=1 ') }, 10, false],
    [
      'does not on an old xfs',
      { stat: output('xfs\n'), xfs_info: output(' reflink=0 ') },
      10,
      true,
    ],
  ])('%s', async (_, answers, free, refused) => {
    const plan = planOf(nasWith({}, answers, free), farmOf([pi1, pi2]))
    if (refused) await expect(plan).rejects.toThrow(/has .* free, 2\.1 GB are needed/)
    else await plan
  })
})

test('fstab keeps every line that is no local disk, to the byte', () => {
  expect(withoutLocalDisks(templateFstab)).toBe(
    'proc /proc proc defaults 0 0\n# a comment, tabs\tand two  blanks\n' +
      'tmpfs\t/tmp  tmpfs size=50m 0 0\n10.77.0.1:/videos /home/pi/remote nfs rw,noauto 0 0\n',
  )
  for (const line of ['/dev/mmcblk0p1 /boot vfat', 'UUID=1 /x ext4', '/dev/sda1 /y', 'LABEL=b /b'])
    expect(withoutLocalDisks(line)).toBe('')
  for (const line of ['', '# /dev/sda1 /y', ' proc /proc proc', '192.168.1.1:/r /boot nfs'])
    expect(withoutLocalDisks(line)).toBe(line)
})
