import { describe, expect, test } from 'vitest'
import { dir } from '../support/fake-nas.ts'
import { addHlsPi1, config, inForce, readyFarm, textOn } from '../support/farm-nas.ts'

describe('plan', () => {
  test('shows what a change by hand means, and does nothing', async () => {
    const nas = await readyFarm([addHlsPi1])
    nas.poke(config, textOn(nas, config).replace('muxid: 1', 'muxid: 7'))
    const [before, mutations] = [nas.snapshot(), nas.mutations]
    const { code, stdout } = await nas.pifarm('plan')
    expect(code).toBe(0)
    expect(stdout).toContain('~ /srv/tftp/3333347a/cmdline.txt')
    expect(stdout).toMatch(/-console=.* muxid=1\n\s+\+console=.* muxid=7/)
    expect((await nas.pifarm('plan --exit-code')).code).toBe(5)
    expect(nas.mutations).toBe(mutations)
    expect(nas.snapshot()).toEqual(before)
  })

  test('--json is for programs, and holds no secret', async () => {
    const nas = await readyFarm()
    await nas.pifarm('add-pi --mac b8:27:eb:00:00:02 --no-wait')
    nas.poke('/var/lib/pifarm/identity/HLSPi1', undefined)
    nas.poke('/mnt/PiRoots/HLSPi1', undefined)
    const { stdout } = await nas.pifarm('plan --json')
    expect(stdout).not.toContain('private')
    const { steps } = JSON.parse(stdout)
    expect(steps.map((step: { resource: string }) => step.resource)).toContain('rootfs')
  })

  test('says of a run that was cut off', async () => {
    const nas = await readyFarm()
    let isKilled = false
    nas.beforeMutation = (_, what) => {
      isKilled ||= what === 'run exportfs -ra'
      if (isKilled) throw new Error('killed')
    }
    await nas.pifarm(addHlsPi1).catch(() => undefined)
    nas.beforeMutation = () => {}
    expect((await nas.pifarm('plan')).stderr).toContain('was cut off; apply puts it back first')
    expect((await nas.pifarm('apply --yes')).stderr).toContain('put back what was cut off')
    expect((await nas.pifarm('plan')).stderr).toBe('')
  })
})

test.each([
  'add-pi --mac b8:27:eb:00:00:02 --no-wait',
  'set-pi HLSPi1 --muxid 4',
  'remove-pi HLSPi1',
  'undo',
])('%s --plan leaves what a build that was cut off has left; a run deletes it', async (command) => {
  const nas = await readyFarm([addHlsPi1])
  const left = '/mnt/PiRoots/.x.pifarm-new'
  nas.poke('/var/lib/pifarm/templates', dir())
  nas.poke(left, dir())
  const before = nas.snapshot()
  expect(await nas.pifarm(`${command} --plan`)).toMatchObject({ code: 0 })
  expect(nas.snapshot()).toEqual(before)
  await nas.pifarm(`${command} --yes`)
  expect(nas.snapshot()[left]).toBeUndefined()
})

describe('apply', () => {
  test('does what plan shows, after a question', async () => {
    const nas = await readyFarm([addHlsPi1])
    nas.poke(config, textOn(nas, config).replace('muxid: 1', 'muxid: 7'))
    const { code, questions } = await nas.pifarm('apply', { answers: [true] })
    expect({ code, questions }).toEqual({ code: 0, questions: ['Apply this?'] })
    expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain('muxid=7')
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  test('asks nothing where nothing is to be done', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect(await nas.pifarm('apply')).toMatchObject({
      code: 0,
      stderr: 'nothing to do: the NAS is as farm.yaml says',
    })
  })

  test.each([
    '/etc/dhcp/pifarm.conf',
    '/etc/exports.d/pifarm.exports',
    '/etc/nfs.conf.d/pifarm.conf',
    '/srv/tftp/3333347a/cmdline.txt',
    '/srv/tftp/3333347a/start.elf',
    '/srv/tftp/bootcode.bin',
    '/var/lib/pifarm/known_hosts',
    '/var/lib/nfs/etab',
    inForce.rules,
  ])('lays %s again where it was lost', async (path) => {
    const nas = await readyFarm([addHlsPi1])
    const before = nas.outside()
    if (path === inForce.rules) {
      await nas.run(
        ['iptables-restore', '--noflush', '-w', '5'],
        '*filter\n:INPUT ACCEPT\nCOMMIT\n',
      )
      expect(nas.outside()).not.toEqual(before)
    } else nas.poke(path, undefined)
    expect((await nas.pifarm('apply --yes')).code).toBe(0)
    const rules = (text: string) => text.split('\n').filter((line) => line.includes('PIFARM'))
    expect(rules(textOn(nas, inForce.rules))).toEqual(
      rules((before[inForce.rules] as { text: string }).text),
    )
    expect({ ...nas.outside(), [inForce.rules]: 0 }).toEqual({ ...before, [inForce.rules]: 0 })
  })
})

describe('list', () => {
  test('a table', async () => {
    const nas = await readyFarm([addHlsPi1])
    await nas.pifarm('add-pi --mac b8:27:eb:00:00:02 --model 3b+ --no-wait')
    expect((await nas.pifarm('list')).stdout).toBe(
      [
        'NAME    MAC                SERIAL    ADDRESS     MUXID  MODEL  TEMPLATE',
        'HLSPi1  b8:27:eb:33:34:7a  3333347a  10.77.0.50  1      3b     template',
        'HLSPi2  b8:27:eb:00:00:02  pending   10.77.0.52  2      3b+    template',
      ].join('\n'),
    )
  })

  test('--json', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect(JSON.parse((await nas.pifarm('list --json')).stdout)).toEqual([
      {
        name: 'HLSPi1',
        mac: 'b8:27:eb:33:34:7a',
        serial: '3333347a',
        address: '10.77.0.50',
        muxid: 1,
        muxhwdec: false,
        template: 'template',
        model: '3b',
        gpu_mem: 192,
        root_options: 'vers=3,tcp',
      },
    ])
  })

  test('of an empty farm says how to begin', async () => {
    const nas = await readyFarm()
    expect(await nas.pifarm('list')).toMatchObject({
      stdout: '',
      stderr: 'no Pi yet: pifarm add-pi --mac b8:27:eb:xx:xx:xx',
    })
    expect((await nas.pifarm('list --json')).stdout).toBe('[]')
  })
})
