import { describe, expect, test } from 'vitest'
import { file } from '../support/fake-nas.ts'
import {
  addHlsPi1,
  config,
  inForce,
  readyFarm,
  syslog,
  templateFiles,
  textOn,
} from '../support/farm-nas.ts'

const mac = 'b8:27:eb:00:00:02'
const add = `add-pi --mac ${mac}`
const asked =
  'Nov 22 20:00:01 nas in.tftpd[7]: RRQ from 10.77.0.50 filename 3300/start.elf\n' +
  'Nov 22 20:00:02 nas in.tftpd[7]: RRQ from 10.77.0.50 filename aa000002/start.elf\n'

describe('with a serial', () => {
  test('every part of the NAS gets the Pi', async () => {
    const nas = await readyFarm()
    const { code, stderr } = await nas.pifarm(addHlsPi1)
    expect(code).toBe(0)
    expect(stderr).toContain('done (run 0002); `pifarm undo` takes it back')
    expect(textOn(nas, config)).toMatch(
      /pis:\n {2}- name: HLSPi1\n {4}mac: b8:27:eb:33:34:7a\n {4}serial: .*3333347a.*\n {4}address: 10.77.0.50\n {4}muxid: 1\n$/,
    )
    expect(textOn(nas, '/mnt/PiRoots/HLSPi1/etc/hostname')).toBe('HLSPi1\n')
    expect(textOn(nas, '/mnt/PiRoots/HLSPi1/etc/fstab')).toBe('proc /proc proc defaults 0 0\n')
    expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain(
      'nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp',
    )
    expect(nas.snapshot()['/srv/tftp/3333347a/start.elf']).toEqual({
      kind: 'link',
      target: '../templates/template/start.elf',
    })
    expect(textOn(nas, '/var/lib/nfs/etab')).toMatch(/^\/mnt\/PiRoots\/HLSPi1\t10.77.0.50\(rw/m)
    expect(textOn(nas, '/var/lib/nfs/etab')).toContain('/srv/media\t10.77.0.20(')
    expect(textOn(nas, inForce.rules)).toContain('-s 10.77.0.50/32 -m comment')
    expect(textOn(nas, inForce.dhcpd)).toContain('host HLSPi1 {')
  })

  test('a root for PCs is warned of at the end, also where init is a link', async () => {
    const root = '/mnt/PiRoots/template'
    const header = `\x7fELF${'\x02'.repeat(14)}>\0`
    const init = { ...file(header), mode: 0o755 }
    const files = {
      [`${root}/usr/sbin/init`]: init,
      [`${root}/sbin`]: { kind: 'link', target: 'usr/sbin' },
    } as const
    const { code, stderr } = await (await readyFarm([], { files })).pifarm(addHlsPi1)
    expect(code).toBe(0)
    expect(stderr).toContain(
      'the root of HLSPi1 is for amd64: no Raspberry Pi runs its programs, which are for arm64 or armhf',
    )
  })

  test('the same command twice: the second finds nothing to do and touches nothing', async () => {
    const nas = await readyFarm([addHlsPi1])
    const [before, mutations] = [nas.snapshot(), nas.mutations]
    const { code, stderr } = await nas.pifarm(addHlsPi1)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'nothing to do: the NAS is as farm.yaml says\n' +
        'HLSPi1 is in the farm: 10.77.0.50, serial 3333347a, muxid 1',
    })
    expect(nas.mutations - mutations).toBe(0)
    expect(nas.snapshot()).toEqual(before)
  })

  test('every setting lands where it belongs', async () => {
    const files = templateFiles('/mnt/PiRoots/lite', 'gpu_mem_1024=64\n')
    const nas = await readyFarm([], { files })
    const { code } = await nas.pifarm([
      ...addHlsPi1.split(' '),
      ...['--ip', '10.77.0.77', '--muxid', '9', '--template', 'lite', '--model', '3b+'],
      ...['--muxhwdec', '--gpu-mem', '256', '--decode-mpg2', '0x12345678'],
      ...['--decode-wvc1', '0x9abcdef0', '--root-options', 'vers=3,tcp,nolock'],
      ...['--cmdline-extra', 'quiet loglevel=3'],
    ])
    expect(code).toBe(0)
    expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toMatch(
      /:\/mnt\/PiRoots\/HLSPi1,vers=3,tcp,nolock rw .* muxid=9 muxhwdec=1 quiet loglevel=3\n?$/,
    )
    expect(textOn(nas, '/srv/tftp/3333347a/config.txt')).toBe(
      'gpu_mem_1024=64\n\n# Managed by pifarm from here on. Edit farm.yaml and run `pifarm apply`.\n' +
        '[all]\ngpu_mem=256\ngpu_mem_1024=256\ndecode_MPG2=0x12345678\ndecode_WVC1=0x9abcdef0\n',
    )
    expect(textOn(nas, inForce.dhcpd)).toContain('fixed-address 10.77.0.77;')
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  test('--plan shows it and does nothing', async () => {
    const nas = await readyFarm()
    const [before, mutations] = [nas.snapshot(), nas.mutations]
    const { code, stdout } = await nas.pifarm(`${addHlsPi1} --plan`)
    expect(code).toBe(0)
    expect(stdout).toContain('+    mac: b8:27:eb:33:34:7a')
    expect(stdout).toContain('+ /mnt/PiRoots/HLSPi1/  a copy of /mnt/PiRoots/template/')
    expect(stdout).not.toContain('private ed25519 key')
    expect(nas.mutations).toBe(mutations)
    expect(nas.snapshot()).toEqual(before)
  })

  test('--json answers with the Pi', async () => {
    const nas = await readyFarm()
    const { stdout } = await nas.pifarm(`${addHlsPi1} --json`)
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'HLSPi1',
      mac: 'b8:27:eb:33:34:7a',
      serial: '3333347a',
      address: '10.77.0.50',
      muxid: 1,
    })
  })

  test('the 16 digits of /proc/cpuinfo and a MAC with hyphens are taken too', async () => {
    const nas = await readyFarm()
    const words = 'add-pi --mac B8-27-EB-33-34-7A --serial 00000000A333347A'
    expect((await nas.pifarm(words)).code).toBe(0)
    expect(textOn(nas, config)).toContain('mac: b8:27:eb:33:34:7a\n    serial: a333347a')
  })
})

describe('what is left out is allocated', () => {
  test('the next name, address and muxid that nobody has', async () => {
    const nas = await readyFarm([addHlsPi1])
    await nas.pifarm(`${add} --serial aa000002`)
    // 10.77.0.51 is the printer of dhcpd.conf.
    expect(textOn(nas, config)).toMatch(
      /name: HLSPi2\n {4}mac: b8:27:eb:00:00:02\n {4}serial: .*\n {4}address: 10.77.0.52\n {4}muxid: 2\n/,
    )
  })

  test('no address that a person exports to, though dhcpd.conf does not name it', async () => {
    const nas = await readyFarm()
    nas.poke('/etc/exports', '/srv/media 10.77.0.20(ro) 10.77.0.50(ro) 10.77.0.52/32(ro)\n')
    await nas.pifarm(`${add} --serial aa000002`)
    expect(textOn(nas, config)).toContain('address: 10.77.0.53\n')
    // Whoever names it knows why: the same board, served by hand until now.
    const { code } = await nas.pifarm(
      'add-pi --mac b8:27:eb:00:00:03 --serial aa000003 --ip 10.77.0.50',
    )
    expect(code).toBe(0)
  })

  test('a gap is filled first', async () => {
    const nas = await readyFarm([
      addHlsPi1,
      `${add} --serial aa000002`,
      'add-pi --mac b8:27:eb:00:00:03 --serial aa000003',
      'remove-pi HLSPi2 --purge --yes',
    ])
    await nas.pifarm('add-pi --mac b8:27:eb:00:00:04 --serial aa000004')
    expect(textOn(nas, config)).toMatch(
      /name: HLSPi2\n {4}mac: b8:27:eb:00:00:04\n {4}serial: .*\n {4}address: 10.77.0.52\n {4}muxid: 2\n/,
    )
  })

  test('when no address is left it says which range is full', async () => {
    const nas = await readyFarm([addHlsPi1])
    const text = textOn(nas, config).replace('10.77.0.50-10.77.0.99', '10.77.0.50-10.77.0.51')
    nas.poke(config, text)
    const { code, error } = await nas.pifarm(`${add} --serial aa000002`)
    expect({ code, error }).toEqual({
      code: 2,
      error: 'no address is free in 10.77.0.50-10.77.0.51',
    })
  })
})

const question = 'Is aa000002 the serial of this Pi?'

describe('without a serial', () => {
  test('a log that knows it already is enough', async () => {
    const offer =
      'Nov 22 20:00:00 nas dhcpd[3]: DHCPOFFER on 10.77.0.50 to b8:27:eb:00:00:02 via eth0\n'
    const nas = await readyFarm([], { files: { [syslog]: offer + asked } })
    const { code, stderr } = await nas.pifarm(`${add} --name P2`)
    expect(code).toBe(0)
    expect(stderr).not.toContain('power')
    expect(nas.snapshot()).toHaveProperty(['/srv/tftp/aa000002/start.elf'])
  })

  test('a log where only the six shared digits speak for it is not', async () => {
    const nas = await readyFarm([], { files: { [syslog]: asked } })
    await nas.pifarm(`${add} --name P2 --no-wait`)
    expect(textOn(nas, config)).not.toContain('serial')
  })

  test.each([
    ['taken when a person says so', [true], [question], true],
    ['not taken when a person says no', [false], [question], false],
    ['not taken where nobody can be asked, --yes or not', [], [], false],
  ] as const)('such a guess is %s', async (_, answers, questions, isTaken) => {
    const nas = await readyFarm([], { files: { [syslog]: asked } })
    const words = `${add} --name P2 --no-wait`
    const outcome = await nas.pifarm(isTaken || answers.length > 0 ? words : `${words} --yes`, {
      answers: [...answers],
    })
    expect(outcome).toMatchObject({ code: 0, questions: [...questions] })
    expect(outcome.stderr).toContain('serial aa000002 has asked to boot, and only the six digits')
    expect(outcome.stderr.includes('--serial aa000002')).toBe(!isTaken)
    expect(textOn(nas, config).includes('aa000002')).toBe(isTaken)
  })

  test('the Pi is laid but for its TFTP directory, awaited, and completed', async () => {
    const nas = await readyFarm()
    nas.laterInLog.push(...asked.split('\n'))
    const { code, stderr } = await nas.pifarm(`${add} --name P2`)
    expect(code).toBe(0)
    expect(stderr).toContain('power P2 on now; Ctrl-C leaves it pending')
    expect(stderr).toContain('P2 asked for its files: its serial is aa000002')
    expect(stderr).toContain('power P2 off and on again')
    expect(nas.snapshot()).toHaveProperty(['/srv/tftp/aa000002/start.elf'])
    expect(textOn(nas, config)).toMatch(/serial: .*aa000002/)
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  describe('while tftpd-hpa logs no requests, as Debian sets it up', () => {
    const quiet = 'TFTP_USERNAME="tftp"\nTFTP_OPTIONS="--secure" # mine\n'
    const file = '/etc/default/tftpd-hpa'

    test.each([
      ['asked and wanted', [true], '', true],
      ['asked and not wanted', [false], '', false],
      ['under --yes', [], ' --yes', true],
      ['where nobody can be asked', [], '', false],
    ] as const)('%s', async (_, answers, yes, isMended) => {
      const nas = await readyFarm()
      nas.poke('/proc/79/cmdline', '/usr/sbin/in.tftpd\0--listen\0--secure\0/srv/tftp\0')
      nas.poke(file, quiet)
      nas.laterInLog.push(...asked.split('\n'))
      const { code, stderr, questions } = await nas.pifarm(`${add} --name P2${yes}`, {
        answers: [...answers],
      })
      expect(code).toBe(0)
      expect(questions.length).toBe(answers.length)
      expect(textOn(nas, file).includes('--verbose')).toBe(isMended)
      expect(stderr.includes('pifarm find-serial --fix turns it on')).toBe(!isMended)
    })
  })

  test('--no-wait leaves it pending; later the same command goes on from there', async () => {
    const nas = await readyFarm()
    const command = `${add} --name P2 --no-wait`
    const first = await nas.pifarm(command)
    expect(first.code).toBe(0)
    expect(textOn(nas, config)).not.toContain('serial')
    expect(nas.snapshot()).toHaveProperty(['/mnt/PiRoots/P2/etc/hostname'])
    expect((await nas.pifarm('list')).stdout).toMatch(/P2 .* pending /)

    const [before, mutations] = [nas.snapshot(), nas.mutations]
    expect((await nas.pifarm(command)).stderr).toContain('nothing to do')
    expect(nas.mutations).toBe(mutations)
    expect(nas.snapshot()).toEqual(before)

    nas.poke(syslog, asked)
    expect((await nas.pifarm(command)).code).toBe(0)
    expect(textOn(nas, config)).toMatch(/serial: .*aa000002/)
    expect(nas.snapshot()).toHaveProperty(['/srv/tftp/aa000002/start.elf'])
  })

  test('a pending Pi can be given its serial by the same command', async () => {
    const nas = await readyFarm([`${add} --name P2 --no-wait`])
    expect((await nas.pifarm(`${add} --name P2 --serial aa000002`)).code).toBe(0)
    expect(nas.snapshot()).toHaveProperty(['/srv/tftp/aa000002/start.elf'])
  })

  test('--timeout ends the waiting; the Pi stays pending', async () => {
    const nas = await readyFarm()
    const { code, error, hint } = await nas.pifarm(`${add} --name P2 --timeout 0.05`)
    expect(error).toBe('P2 has not asked for its files')
    expect(hint).toContain('it stays pending')
    expect(code).toBe(3)
    expect((await nas.pifarm('list')).stdout).toContain('pending')
  })

  test('Ctrl-C while it waits leaves it pending', async () => {
    const nas = await readyFarm()
    const interrupt = new AbortController()
    setTimeout(() => interrupt.abort(), 300)
    const { code } = await nas.pifarm(`${add} --name P2`, { signal: interrupt.signal })
    expect(code).toBe(130)
    expect((await nas.pifarm('list')).stdout).toContain('pending')
  })

  test('the serial of another board is not taken for it', async () => {
    const nas = await readyFarm()
    nas.laterInLog.push(
      'Nov 22 20:00:01 nas in.tftpd[7]: RRQ from 10.77.0.99 filename bb123456/start.elf',
    )
    const { code } = await nas.pifarm(`${add} --timeout 0.05`)
    expect(code).toBe(3)
    expect(textOn(nas, config)).not.toContain('serial')
  })

  test('without a log it goes as far as it can and says what is missing', async () => {
    const nas = await readyFarm()
    nas.poke(syslog, undefined)
    const { code, error } = await nas.pifarm(`${add} --name P2`)
    expect(code).toBe(2)
    expect(error).toMatch(/^no log to read/)
    expect((await nas.pifarm('list')).stdout).toContain('pending')
  })
})

describe('a MAC and a serial that do not belong together', () => {
  const odd = 'add-pi --mac b8:27:eb:33:34:7a --serial 11111111'

  test('are questioned, and a no changes nothing', async () => {
    const nas = await readyFarm()
    const before = nas.snapshot()
    const { code, error, questions, stderr } = await nas.pifarm(odd, { answers: [false] })
    expect(questions).toEqual(['Is this pair right?'])
    expect(stderr).toContain(
      'on a Pi 3b MAC and serial end in the same six digits; b8:27:eb:33:34:7a and 11111111 do not',
    )
    expect({ code, error }).toEqual({ code: 7, error: 'declined: nothing was changed' })
    expect(nas.snapshot()).toEqual(before)
  })

  test('a yes and --yes go on', async () => {
    for (const [words, answers] of [
      [odd, [true]],
      [`${odd} --yes`, []],
    ] as const) {
      const nas = await readyFarm()
      expect((await nas.pifarm(words, { answers })).code).toBe(0)
      expect(nas.snapshot()).toHaveProperty(['/srv/tftp/11111111'])
    }
  })

  test('are no question on a Pi 4', async () => {
    const nas = await readyFarm()
    const words = 'add-pi --mac dc:a6:32:33:34:7a --serial 11111111 --model 4'
    expect(await nas.pifarm(words)).toMatchObject({ code: 0, questions: [] })
  })
})

test('a Pi that came back is the machine that it was', async () => {
  const nas = await readyFarm([addHlsPi1, 'remove-pi HLSPi1 --yes'])
  const id = textOn(nas, '/var/lib/pifarm/identity/HLSPi1/machine-id')
  await nas.pifarm(addHlsPi1)
  expect(textOn(nas, '/mnt/PiRoots/HLSPi1/etc/machine-id')).toBe(id)
  expect(id).toMatch(/^[0-9a-f]{32}\n$/)
})

test('comments and order of farm.yaml stay', async () => {
  const nas = await readyFarm()
  const own = `${textOn(nas, config).replace('pis: []', '# ours\npis:   # all of them')}  # the end\n`
  nas.poke(config, file(own, 0o640))
  expect((await nas.pifarm(addHlsPi1)).code).toBe(0)
  const after = textOn(nas, config)
  for (const line of own.split('\n')) expect(after.split('\n')).toContain(line)
  expect(nas.snapshot()[config]).toMatchObject({ mode: 0o640 })
})
