import { describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { carryOut } from '../../src/plan/carry-out.ts'
import type { ResourcePlan } from '../../src/plan/change.ts'
import { tftp } from '../../src/resources/tftp/tftp.ts'
import { dir, type FakeNas, fakeNas, file, output } from '../support/fake-nas.ts'

const boot = '/mnt/PiRoots/template/boot/firmware'
const template = {
  '/mnt/PiRoots/template/etc/fstab': '',
  '/mnt/PiRoots/template/usr/bin/x': '',
  '/mnt/PiRoots/template/boot/config.txt': 'a stub\n',
  [`${boot}/bootcode.bin`]: 'bootcode',
  [`${boot}/start.elf`]: 'start',
  [`${boot}/start4.elf`]: 'start4',
  [`${boot}/fixup.dat`]: 'fixup',
  [`${boot}/kernel8.img`]: 'kernel',
  [`${boot}/cmdline.txt`]: 'root=PARTUUID=1',
  [`${boot}/config.txt`]: 'arm_64bit=1\n[pi4]\nmax_framebuffers=2',
  [`${boot}/overlays/overlay_map.dtb`]: 'map',
  '/srv/tftp': dir(),
}

const top = '/srv/tftp'
const own = `${top}/3333347a`
const pi1 = {
  name: 'HLSPi1',
  mac: 'b8:27:eb:33:34:7a',
  serial: '3333347a',
  address: '10.77.0.51',
  muxid: 1,
}
const pi2 = {
  name: 'HLSPi2',
  mac: 'b8:27:eb:33:34:7b',
  serial: '3333347b',
  address: '10.77.0.52',
  muxid: 2,
}

function farmOf(pis: readonly object[], paths = {}): Farm {
  const network = { subnet: '10.77.0.0/24', addresses: '10.77.0.50-10.77.0.99' }
  const nas = { address: '10.77.0.1', interface: 'eth0' }
  return makeFarm('farm.yaml', farmSchema.parse({ nas, network, paths, pis }))
}

async function planOf(
  nas: FakeNas,
  farm: Farm,
  owned: readonly string[] = [],
): Promise<ResourcePlan> {
  const fresh = {
    machineId: () => '',
    token: () => '',
    hostKey: async () => ({ privateKey: '', publicKey: '' }),
  }
  return await tftp.plan({
    farm,
    nas,
    owned: new Set(owned),
    fresh,
    purge: false,
    runId: '0007',
  })
}

async function carryAll(nas: FakeNas, plan: ResourcePlan): Promise<void> {
  for (const change of plan.changes)
    await carryOut(change, nas, () => {}, new AbortController().signal)
}

/** A NAS with these Pis set up. */
async function nasWith(pis: readonly object[], tree: Record<string, string> = {}) {
  const nas = fakeNas({ ...template, ...tree })
  const plan = await planOf(nas, farmOf(pis))
  await carryAll(nas, plan)
  return { nas, owned: plan.owns }
}

async function textOf(nas: FakeNas, path: string): Promise<string | undefined> {
  const entry = await nas.read(path)
  return entry?.kind === 'file' ? entry.text : undefined
}

function pathsOf(plan: ResourcePlan): string[] {
  return plan.changes.map((change) => ('path' in change ? change.path : change.kind))
}

describe('a new Pi', () => {
  test('gets links to its template, and a cmdline.txt and config.txt of its own', async () => {
    const { nas, owned } = await nasWith([{ ...pi1, muxhwdec: true, decode_mpg2: '0x12345678' }])
    const link = (name: string) => ({ kind: 'link', target: `../templates/template/${name}` })
    for (const name of ['start.elf', 'start4.elf', 'kernel8.img', 'overlays', 'bootcode.bin'])
      expect(await nas.read(`${own}/${name}`)).toEqual(link(name))
    expect(await nas.read(`${own}/cmdline.txt`)).toEqual(
      file(
        'console=serial0,115200 console=tty1 root=/dev/nfs ' +
          'nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp rw ip=dhcp rootwait muxid=1 muxhwdec=1\n',
      ),
    )
    expect(await nas.read(`${own}/config.txt`)).toEqual(
      file(
        'arm_64bit=1\n[pi4]\nmax_framebuffers=2\n' +
          '\n# Managed by pifarm from here on. Edit farm.yaml and run `pifarm apply`.\n' +
          '[all]\ngpu_mem=192\ndecode_MPG2=0x12345678\n',
      ),
    )
    expect(await textOf(nas, `${top}/templates/template/start.elf`)).toBe('start')
    expect(owned).toEqual([`${top}/templates/template`, own])
  })

  test('finds start.elf only when everything else is there', async () => {
    const paths = pathsOf(await planOf(fakeNas(template), farmOf([pi1])))
    expect(paths.slice(-2)).toEqual([`${own}/start.elf`, `${own}/start4.elf`])
    expect(paths.indexOf('clone-tree')).toBeLessThan(paths.indexOf(own))
  })

  test('leaves nothing but bootcode.bin and directories in the TFTP root', async () => {
    const { nas } = await nasWith([pi1, pi2])
    expect(await nas.list(top)).toEqual(
      new Map([
        ['templates', 'dir'],
        ['bootcode.bin', 'link'],
        ['3333347a', 'dir'],
        ['3333347b', 'dir'],
      ]),
    )
    expect(await nas.read(`${top}/bootcode.bin`)).toEqual({
      kind: 'link',
      target: 'templates/template/bootcode.bin',
    })
  })

  test('without a serial has no directory yet', async () => {
    const { owned } = await nasWith([{ ...pi1, serial: undefined }])
    expect(owned).toEqual([`${top}/templates/template`])
  })

  test('has its further words at the end of the one line', async () => {
    const { nas } = await nasWith([{ ...pi1, cmdline_extra: 'quiet loglevel=3' }])
    expect(await textOf(nas, `${own}/cmdline.txt`)).toMatch(/ muxid=1 quiet loglevel=3\n$/)
  })

  test('has its gpu_mem also where the template sets one for its memory size', async () => {
    const { nas } = await nasWith([pi1], {
      [`${boot}/config.txt`]: '#gpu_mem_256=1\n gpu_mem_1024=76\ngpu_mem=64\n',
    })
    expect(await textOf(nas, `${own}/config.txt`)).toMatch(
      /\[all\]\ngpu_mem=192\ngpu_mem_1024=192\n$/,
    )
  })
})

describe('already so', () => {
  test('nothing is to be done, and no command is asked', async () => {
    const { nas, owned } = await nasWith([pi1, pi2])
    nas.asked.length = 0
    const plan = await planOf(nas, farmOf([pi1, pi2]), owned)
    expect(plan.changes).toEqual([])
    expect(plan.owns).toEqual(owned)
    expect(nas.asked).toEqual([])
  })

  test('a template that is gone is not missed', async () => {
    const { nas, owned } = await nasWith([pi1])
    nas.poke('/mnt/PiRoots/template', undefined)
    expect((await planOf(nas, farmOf([pi1]), owned)).changes).toEqual([])
  })

  test('before the first Pi no template is needed', async () => {
    const plan = await planOf(fakeNas({ [top]: dir() }), farmOf([]))
    expect(pathsOf(plan)).toEqual([`${top}/templates`])
  })
})

describe('a change', () => {
  test('of a setting rewrites that file alone', async () => {
    const { nas, owned } = await nasWith([pi1, pi2])
    const plan = await planOf(nas, farmOf([{ ...pi1, muxid: 9 }, pi2]), owned)
    expect(pathsOf(plan)).toEqual([`${own}/cmdline.txt`])
  })

  test('of the serial moves the Pi into another directory', async () => {
    const { nas, owned } = await nasWith([pi1])
    const plan = await planOf(nas, farmOf([{ ...pi1, serial: 'aa33347a' }]), owned)
    await carryAll(nas, plan)
    expect([...((await nas.list(top)) ?? [])].map(([name]) => name)).toEqual([
      'templates',
      'bootcode.bin',
      'aa33347a',
    ])
  })

  test('of the template turns the links, and drops those it has no file for', async () => {
    const other = Object.fromEntries(
      Object.entries(template)
        .filter(([path]) => path.startsWith('/mnt') && !path.endsWith('fixup.dat'))
        .map(([path, entry]) => [path.replace('/template/', '/other/'), String(entry)]),
    )
    const { nas, owned } = await nasWith([pi1], other)
    const plan = await planOf(nas, farmOf([{ ...pi1, template: 'other' }]), owned)
    await carryAll(nas, plan)
    expect(await nas.read(`${own}/fixup.dat`)).toBeUndefined()
    expect(await nas.read(`${own}/start.elf`)).toEqual({
      kind: 'link',
      target: '../templates/other/start.elf',
    })
    await carryAll(nas, await planOf(nas, farmOf([pi1]), plan.owns))
    expect([...((await nas.list(`${top}/templates`)) ?? [])].map(([name]) => name)).toEqual([
      'template',
      '.other.removed-0007',
    ])
  })

  test('by a person survives, in files that are not the two of ours', async () => {
    const { nas, owned } = await nasWith([pi1])
    nas.poke(`${own}/kernel8.img`, 'my own kernel')
    nas.poke(`${own}/fixup.dat`, { kind: 'link', target: '../mine/fixup.dat' })
    nas.poke(`${own}/dt-blob.bin`, 'mine')
    nas.poke(`${own}/cmdline.txt`, 'edited')
    const plan = await planOf(nas, farmOf([pi1]), owned)
    expect(pathsOf(plan)).toEqual([`${own}/cmdline.txt`])
  })

  test('of modes that would keep the daemon out is put right', async () => {
    const { nas, owned } = await nasWith([pi1])
    nas.poke(own, dir(0o700))
    nas.poke(`${own}/config.txt`, file((await textOf(nas, `${own}/config.txt`)) ?? '', 0o600))
    const plan = await planOf(nas, farmOf([pi1]), owned)
    expect(pathsOf(plan)).toEqual([own, `${own}/config.txt`])
  })
})

describe('a Pi that leaves', () => {
  test('leaves the TFTP root as it was before it came', async () => {
    const { nas, owned } = await nasWith([pi2])
    const before = nas.snapshot()
    const plan = await planOf(nas, farmOf([pi1, pi2]), owned)
    await carryAll(nas, plan)
    const removal = await planOf(nas, farmOf([pi2]), plan.owns)
    expect(pathsOf(removal).slice(0, 2).sort()).toEqual([`${own}/start.elf`, `${own}/start4.elf`])
    await carryAll(nas, removal)
    expect(nas.snapshot()).toEqual(before)
    expect(removal.owns).toEqual(owned)
  })

  test('leaves what a person put into its directory, which it may come back to', async () => {
    const { nas, owned } = await nasWith([pi1])
    nas.poke(`${own}/dt-blob.bin`, 'mine')
    const removal = await planOf(nas, farmOf([]), owned)
    await carryAll(nas, removal)
    expect(removal.warnings).toEqual([`${own} stays, for pifarm did not make dt-blob.bin in it`])
    expect(await nas.list(own)).toEqual(new Map([['dt-blob.bin', 'file']]))
    await carryAll(nas, await planOf(nas, farmOf([pi1]), removal.owns))
    expect((await nas.list(own))?.has('start.elf')).toBe(true)
  })
})

describe('refuses', () => {
  const many = `${'# a long comment\n'.repeat(250)}`
  test.each<[string, Record<string, string>, string, string]>([
    [
      'a directory that a person made by hand',
      { [`${own}/start.elf`]: '' },
      `${own} exists, and pifarm did not make it`,
      `move it away: mv ${own} ${own}.old`,
    ],
    [
      'boot files that a person put in the place of ours',
      { [`${top}/templates/template/start.elf`]: '' },
      `${top}/templates/template exists, and pifarm did not make it`,
      'move it away',
    ],
    [
      'a config.txt that a Pi would read half of',
      { [`${boot}/config.txt`]: many },
      'config.txt of HLSPi1 would be 43',
      `take comments out of ${boot}/config.txt`,
    ],
    [
      'an unknown template',
      { '/mnt/PiRoots/template/etc': '' },
      '/mnt/PiRoots/template is not a root filesystem',
      'template build',
    ],
  ])('%s', async (_, tree, message, hint) => {
    const { '/mnt/PiRoots/template/etc/fstab': fstab, ...rest } = template
    const etc = tree['/mnt/PiRoots/template/etc'] === undefined
    const nas = fakeNas({
      ...rest,
      ...(etc ? { '/mnt/PiRoots/template/etc/fstab': fstab } : {}),
      ...tree,
    })
    const error = await planOf(nas, farmOf([pi1])).catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    })
  })

  test('boot files that the daemon could not read, and warns of links out of them', async () => {
    const saying = (stdout: string) => fakeNas(template, { ask: () => output(stdout) })
    await expect(
      planOf(saying(`l ${boot}/a\nf ${boot}/start.elf\n`), farmOf([pi1])),
    ).rejects.toThrow(`the TFTP daemon could not read ${boot}/start.elf`)
    expect((await planOf(saying(`l ${boot}/a\n`), farmOf([pi1]))).warnings).toEqual([
      `${boot}/a is a link out of the boot files, which TFTP does not follow`,
    ])
  })
})

describe('warns', () => {
  const good = 'TFTP_DIRECTORY="/srv/tftp"\nTFTP_OPTIONS="--secure --verbose --verbose"\n'
  const conf = '/etc/default/tftpd-hpa'
  test.each<[string, Record<string, ReturnType<typeof file>>, object, RegExp | undefined]>([
    ['nothing', { [conf]: file(good) }, {}, undefined],
    ['-vv is enough', { [conf]: file("TFTP_OPTIONS='-s -vv'\n") }, {}, undefined],
    ['one letter group', { [conf]: file('TFTP_OPTIONS=-svv\n') }, {}, undefined],
    ['a quiet daemon', { [conf]: file('TFTP_OPTIONS="--secure -v"') }, {}, /needs -vv/],
    ['no chroot', { [conf]: file('TFTP_OPTIONS="--verbose -v"') }, {}, /no --secure/],
    ['another root', { [conf]: file(`${good}TFTP_DIRECTORY=/tftp\n`) }, {}, /serves "\/tftp"/],
    ['netkit', { '/var/lib/dpkg/info/tftpd.list': file('/usr/sbin/in.tftpd\n') }, {}, /hpa/],
    ['start.elf in the root', { [`${top}/start.elf`]: file('') }, {}, /start\.elf lets a Pi/],
    ['config.txt in the root', { [`${top}/config.txt`]: file('') }, {}, /config\.txt lets a Pi/],
    ['a closed root', { [top]: dir(0o750) }, {}, /cannot enter \/srv\/tftp/],
    ['own bootcode.bin', { [`${top}/bootcode.bin`]: file('') }, {}, /is left as it is/],
    ['no codecs', {}, { gpu_mem: 16 }, /no hardware codecs: HLSPi1/],
    ['a useless key', {}, { model: '4', decode_wvc1: '0x00000001' }, /no use .*: HLSPi1/],
  ])('%s', async (_, tree, settings, warning) => {
    const nas = fakeNas({ ...template, ...tree })
    const { warnings } = await planOf(nas, farmOf([{ ...pi1, ...settings }]))
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
  })
})
