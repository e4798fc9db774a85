import { describe, expect, test } from 'vitest'
import { addHlsPi1, config, inForce, readyFarm, textOn } from '../support/farm-nas.ts'

const addSecond = 'add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --serial aa000002'

test('changes what is given, where it belongs, and keeps the root', async () => {
  const nas = await readyFarm([addHlsPi1])
  nas.poke('/mnt/PiRoots/HLSPi1/home/pi/notes', 'mine\n')
  const { code } = await nas.pifarm('set-pi hlspi1 --muxid 4 --gpu-mem 256 --muxhwdec')
  expect(code).toBe(0)
  expect(textOn(nas, config)).toMatch(/muxid: 4\n {4}muxhwdec: true\n {4}gpu_mem: 256\n$/)
  expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain('muxid=4 muxhwdec=1')
  expect(textOn(nas, '/srv/tftp/3333347a/config.txt')).toContain('gpu_mem=256')
  expect(textOn(nas, '/mnt/PiRoots/HLSPi1/home/pi/notes')).toBe('mine\n')
})

test('a value that is set already is nothing to do', async () => {
  const nas = await readyFarm([addHlsPi1, 'set-pi HLSPi1 --muxid 4'])
  const mutations = nas.mutations
  expect((await nas.pifarm('set-pi HLSPi1 --muxid 4')).stderr).toContain('nothing to do')
  expect((await nas.pifarm('set-pi HLSPi1')).stderr).toContain('nothing to do')
  expect(nas.mutations).toBe(mutations)
})

test('another address moves export, lease and rule', async () => {
  const nas = await readyFarm([addHlsPi1])
  expect((await nas.pifarm('set-pi HLSPi1 --ip 10.77.0.60')).code).toBe(0)
  for (const path of ['/var/lib/nfs/etab', inForce.rules, inForce.dhcpd]) {
    expect(textOn(nas, path)).toMatch(/10\.77\.0\.60\b/)
    expect(textOn(nas, path)).not.toMatch(/10\.77\.0\.50\b/)
  }
})

test('a replaced board: the new serial gets the directory, the old one loses it', async () => {
  const nas = await readyFarm([addHlsPi1])
  const { code } = await nas.pifarm('set-pi HLSPi1 --mac b8:27:eb:12:34:56 --serial cc123456')
  expect(code).toBe(0)
  expect(nas.snapshot()).toHaveProperty(['/srv/tftp/cc123456/start.elf'])
  expect(nas.snapshot()).not.toHaveProperty(['/srv/tftp/3333347a'])
  expect(textOn(nas, inForce.dhcpd)).toContain('hardware ethernet b8:27:eb:12:34:56;')
})

test('a MAC that does not fit the serial is questioned', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  const words = 'set-pi HLSPi1 --mac b8:27:eb:12:34:56'
  expect(await nas.pifarm(words, { answers: [false] })).toMatchObject({
    code: 7,
    questions: ['Is this pair right?'],
  })
  expect(nas.snapshot()).toEqual(before)
  expect((await nas.pifarm(`${words} --yes`)).code).toBe(0)
})

describe('--unset', () => {
  test('goes back to the default of the farm', async () => {
    const nas = await readyFarm([addHlsPi1])
    const before = nas.outside()
    await nas.pifarm('set-pi HLSPi1 --gpu-mem 256 --decode-mpg2 0x12345678 --model 3b+')
    const words = 'set-pi HLSPi1 --unset gpu-mem --unset decode_mpg2 --unset model'
    expect((await nas.pifarm(words)).code).toBe(0)
    expect(nas.outside()).toEqual(before)
  })

  test('serial makes the Pi pending again', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect((await nas.pifarm('set-pi HLSPi1 --unset serial')).code).toBe(0)
    expect((await nas.pifarm('list')).stdout).toContain('pending')
    expect(nas.snapshot()).not.toHaveProperty(['/srv/tftp/3333347a'])
  })

  test('of what is not set is nothing to do', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect((await nas.pifarm('set-pi HLSPi1 --unset gpu_mem')).stderr).toContain('nothing to do')
  })
})

test('--plan shows it and does nothing', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  const { stdout } = await nas.pifarm('set-pi HLSPi1 --muxid 4 --plan')
  expect(stdout).toContain('+    muxid: 4')
  expect(nas.snapshot()).toEqual(before)
})

describe('is refused, and nothing has changed:', () => {
  test.each([
    ['set-pi Nobody --muxid 4', 'there is no Pi "Nobody" in /etc/pifarm/farm.yaml'],
    ['set-pi HLSPi1 --unset mac', '--unset "mac": not a setting that can be left out'],
    ['set-pi HLSPi1 --unset nonsense', '--unset "nonsense": not a setting that can be left out'],
    ['set-pi HLSPi1 --muxid 0', 'bad --muxid "0"'],
    ['set-pi HLSPi1 --template lite', 'HLSPi1 has a root cloned from "template"'],
    [
      'set-pi HLSPi1 --gpu-mem 256 --unset gpu-mem',
      '--unset "gpu-mem": given a value at the same time',
    ],
    ['set-pi HLSPi1 --muxid 2', 'muxid "2" is in use by HLSPi2 (/etc/pifarm/farm.yaml:33:12)'],
    [
      'set-pi HLSPi1 --ip 10.77.0.51',
      'Pi HLSPi1 in /etc/pifarm/farm.yaml: the address "10.77.0.51" is already used by the host block at /etc/dhcp/dhcpd.conf:10',
    ],
  ])('%s', async (words, message) => {
    const nas = await readyFarm([addHlsPi1, addSecond])
    const [before, mutations] = [nas.snapshot(), nas.mutations]
    const { code, error } = await nas.pifarm(words)
    expect({ code, error }).toEqual({ code: 2, error: message })
    expect(nas.mutations).toBe(mutations)
    expect(nas.snapshot()).toEqual(before)
  })
})

describe('--name', () => {
  const root = '/mnt/PiRoots'

  test('moves the root with what it wrote, and everything that names it', async () => {
    const nas = await readyFarm([addHlsPi1, addSecond])
    nas.poke(`${root}/HLSPi1/home/pi/notes`, 'mine\n')
    nas.poke(`${root}/HLSPi1/etc/hosts`, '127.0.1.1 hlspi1.farm.example HLSPi1 # HLSPi10\n')
    const keys = textOn(nas, '/var/lib/pifarm/known_hosts')
    const { code, stderr } = await nas.pifarm('set-pi hlspi1 --name kitchen --muxid 9')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(textOn(nas, config)).toContain('- name: kitchen\n')
    expect(textOn(nas, `${root}/kitchen/home/pi/notes`)).toBe('mine\n')
    expect(textOn(nas, `${root}/kitchen/etc/hostname`)).toBe('kitchen\n')
    expect(textOn(nas, `${root}/kitchen/etc/hosts`)).toBe(
      '127.0.1.1 kitchen.farm.example kitchen # HLSPi10\n',
    )
    expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain(`:${root}/kitchen,`)
    expect(textOn(nas, inForce.dhcpd)).toContain('kitchen')
    expect(textOn(nas, '/var/lib/nfs/etab')).toContain(`${root}/kitchen`)
    expect(textOn(nas, '/var/lib/pifarm/known_hosts')).toBe(
      keys
        .replaceAll('HLSPi1', 'kitchen')
        .split('\n')
        .toSorted((a, b) => Number(b.startsWith('HLSPi2')) - Number(a.startsWith('HLSPi2')))
        .join('\n'),
    )
    // Nothing has the old name any more but the records of runs, and the comment of its ssh keys.
    const left = Object.entries(nas.outside()).filter(
      ([path, entry]) =>
        path.includes('HLSPi1') ||
        (entry.kind === 'file' && /HLSPi1\b/.test(entry.text) && !path.includes('ssh_host_')),
    )
    expect(left.map(([path]) => path)).toEqual([])
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  test('is taken back by undo, to the byte', async () => {
    const nas = await readyFarm([addHlsPi1])
    const before = nas.outside()
    expect((await nas.pifarm('set-pi HLSPi1 --name kitchen')).code).toBe(0)
    expect((await nas.pifarm('undo --yes')).code).toBe(0)
    expect(nas.outside()).toEqual(before)
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  test('killed at any step, the next command puts the old name back', async () => {
    const counting = await readyFarm([addHlsPi1])
    const start = counting.mutations
    await counting.pifarm('set-pi HLSPi1 --name kitchen')
    const steps = counting.mutations - start
    expect(steps).toBeGreaterThan(10)
    // The last steps close the record: from there on it is done.
    for (let k = 1; k <= steps; k++) {
      const nas = await readyFarm([addHlsPi1])
      const before = nas.outside()
      const from = nas.mutations
      nas.beforeMutation = (n) => {
        if (n >= from + k) throw new Error('killed')
      }
      await nas.pifarm('set-pi HLSPi1 --name kitchen').catch(() => undefined)
      nas.beforeMutation = () => {}
      const { code } = await nas.pifarm('apply --yes')
      expect({ k, code }).toEqual({ k, code: 0 })
      expect(nas.outside(), `killed at ${k}`).toEqual(before)
    }
  })

  test('of a Pi that only waits for its serial, and to another case', async () => {
    const nas = await readyFarm(['add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --no-wait'])
    expect((await nas.pifarm('set-pi HLSPi2 --name hlspi2')).code).toBe(0)
    expect(textOn(nas, `${root}/hlspi2/etc/hostname`)).toBe('hlspi2\n')
    expect(nas.snapshot()).not.toHaveProperty([`${root}/HLSPi2`])
  })

  test('does not write through a link that the Pi has planted', async () => {
    const nas = await readyFarm([addHlsPi1])
    nas.poke('/etc/hostname', 'nas\n')
    nas.poke(`${root}/HLSPi1/etc`, undefined)
    nas.poke(`${root}/HLSPi1/etc`, { kind: 'link', target: '/etc' })
    const { code, stderr } = await nas.pifarm('set-pi HLSPi1 --name kitchen')
    expect(code).toBe(0)
    expect(stderr).toContain('is no plain file: the Pi itself keeps the name HLSPi1')
    expect(textOn(nas, '/etc/hostname')).toBe('nas\n')
  })

  test.each([
    [
      'set-pi HLSPi1 --name HLSPi2',
      'name "HLSPi2" is in use by HLSPi2 (/etc/pifarm/farm.yaml:29:11)',
    ],
    ['set-pi HLSPi1 --name -rf', 'bad --name "-rf"'],
    ['set-pi HLSPi1 --name ../x', 'bad --name "../x"'],
    ['set-pi HLSPi1 --name taken', '/mnt/PiRoots/taken exists, and pifarm did not make it'],
  ])('%s is refused', async (words, message) => {
    const nas = await readyFarm([addHlsPi1, addSecond], { files: { [`${root}/taken/x`]: '' } })
    const before = nas.snapshot()
    expect(await nas.pifarm(words)).toMatchObject({ code: 2, error: message })
    expect(nas.snapshot()).toEqual(before)
  })
})
