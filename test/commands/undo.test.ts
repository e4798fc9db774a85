import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/host/host.ts'
import {
  addHlsPi1,
  config,
  farmNas,
  inForce,
  initCommand,
  readyFarm,
  textOn,
} from '../support/farm-nas.ts'

/** An undone clone is kept aside, since the Pi may have written into it. */
function withoutKept(tree: Record<string, Entry>) {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !/\/\.[^/]+\.removed-/.test(path)),
  )
}

test('of add-pi leaves the NAS as before it, and the root aside', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  await nas.pifarm(addHlsPi1)
  const { code, stderr } = await nas.pifarm('undo --yes')
  expect(code).toBe(0)
  expect(stderr).toContain(`run 0002, 2026-11-22T20:00:00.000Z: pifarm ${addHlsPi1}`)
  expect(withoutKept(nas.outside())).toEqual(before)
  expect(nas.snapshot()).toHaveProperty(['/mnt/PiRoots/.HLSPi1.removed-0003'])
  expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
})

test('of remove-pi brings the Pi back to the byte, what it wrote included', async () => {
  const nas = await readyFarm([addHlsPi1])
  nas.poke('/mnt/PiRoots/HLSPi1/home/pi/notes', 'mine\n')
  const before = nas.outside()
  await nas.pifarm('remove-pi HLSPi1 --yes')
  expect((await nas.pifarm('undo --yes')).code).toBe(0)
  expect(nas.outside()).toEqual(before)
})

test('of set-pi gives the old values back', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.outside()
  await nas.pifarm('set-pi HLSPi1 --ip 10.77.0.60 --gpu-mem 256')
  expect((await nas.pifarm('undo --yes')).code).toBe(0)
  expect(nas.outside()).toEqual(before)
  expect(textOn(nas, inForce.dhcpd)).toContain('fixed-address 10.77.0.50;')
})

describe('of init', () => {
  test('leaves the NAS as before pifarm came', async () => {
    const nas = farmNas()
    const before = nas.outside()
    await nas.pifarm(initCommand)
    const { code } = await nas.pifarm('undo --yes')
    expect(code).toBe(0)
    const { [inForce.rpc]: _, ...after } = withoutKept(nas.outside())
    const { [inForce.rpc]: __, ...was } = before
    expect(after).toEqual(was)
  })

  test('can be followed by another init', async () => {
    const nas = await readyFarm(['undo --yes'])
    expect((await nas.pifarm(initCommand)).code).toBe(0)
    expect((await nas.pifarm(addHlsPi1)).code).toBe(0)
  })

  test('killed at any step, init again makes the farm', async () => {
    const steps = await readyFarm()
    const already = steps.mutations
    await steps.pifarm('undo --yes')
    for (let k = 1; k <= steps.mutations - already; k++) {
      const nas = await readyFarm()
      const from = nas.mutations
      nas.beforeMutation = (n, what) => {
        if (n - from >= k) throw new Error(`planted at ${what}`)
      }
      await nas.pifarm('undo --yes').catch(() => undefined)
      nas.beforeMutation = () => {}
      const { code, error } = await nas.pifarm(initCommand)
      expect({ code, error, k }).toEqual({ code: 0, error: '', k })
      expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
    }
  })
})

test('twice goes further back', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  await nas.pifarm(addHlsPi1)
  await nas.pifarm('set-pi HLSPi1 --muxid 7')
  await nas.pifarm('undo --yes')
  expect(textOn(nas, config)).toContain('muxid: 1\n')
  await nas.pifarm('undo --yes')
  expect(withoutKept(nas.outside())).toEqual(before)
})

test('of a purge is refused, and says what is gone', async () => {
  const nas = await readyFarm([addHlsPi1, 'remove-pi HLSPi1 --purge --yes'])
  const { code, error } = await nas.pifarm('undo --yes')
  expect(error).toBe(
    'run 0003 (pifarm remove-pi HLSPi1 --purge --yes) deleted /mnt/PiRoots/.HLSPi1.removed-0003 for good',
  )
  expect(code).toBe(2)
})

test('a file that a person has changed since is left alone, and nothing is undone', async () => {
  const nas = await readyFarm([addHlsPi1])
  nas.poke('/etc/dhcp/pifarm.conf', '# by hand\n')
  const before = nas.outside()
  const { code, error } = await nas.pifarm('undo --yes')
  expect(error).toMatch(/^\/etc\/dhcp\/pifarm.conf has changed/)
  expect(code).toBe(3)
  expect(nas.outside()).toEqual(before)
})

test('is shown as a plan first, and asked', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  const { code, stderr, questions } = await nas.pifarm('undo', { answers: [false] })
  expect(stderr).toContain('-host HLSPi1 {')
  expect(questions).toEqual(['Take this run back?'])
  expect(code).toBe(7)
  expect(nas.snapshot()).toEqual(before)
})

test('--plan shows it and asks nothing', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  const { code, stdout } = await nas.pifarm('undo --plan')
  expect(code).toBe(0)
  expect(stdout).toContain('-host HLSPi1 {')
  expect(nas.snapshot()).toEqual(before)
})

test('with no run left it says so', async () => {
  const nas = await readyFarm()
  const text = textOn(nas, config)
  await nas.pifarm('undo --yes')
  nas.poke(config, text)
  expect(await nas.pifarm('undo --yes')).toMatchObject({
    code: 0,
    stderr: 'there is no run to take back',
  })
})

describe('--list', () => {
  const addSecond = 'add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --serial aa000002'

  test('shows the runs, newest first, and what undo takes back next', async () => {
    const nas = await readyFarm([addHlsPi1, 'set-pi HLSPi1 --muxid 4', 'undo --yes'])
    const mutations = nas.mutations
    const { code, stdout } = await nas.pifarm('undo --list')
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(lines.map(([run, , command, , fate]) => [run, command, fate])).toEqual([
      ['RUN', 'COMMAND', 'UNDO'],
      ['0004', 'pifarm undo --yes', 'took back 0003'],
      ['0003', 'pifarm set-pi HLSPi1 --muxid 4', 'taken back by 0004'],
      ['0002', `pifarm ${addHlsPi1}`, 'next'],
      ['0001', `pifarm ${initCommand}`, 'after those above'],
    ])
    expect(lines[2]?.[3]).toBe('farm.yaml 1, rootfs 1, tftp 1')
    expect(nas.mutations).toBe(mutations)
  })

  test('keeps a command of any length from pushing the rest out of sight', async () => {
    const nas = farmNas()
    await nas.pifarm(`${initCommand} --domain ${'long.'.repeat(20)}example`)
    const { stdout } = await nas.pifarm('undo --list')
    expect(stdout).toMatch(/^0001 .* pifarm init .*\.\.\. {2}farm\.yaml/m)
    const [run] = JSON.parse((await nas.pifarm('undo --list --json')).stdout)
    expect(run.command).toMatch(/ long\.\S+example$/)
  })

  test('is right: what it calls the next is what undo takes back', async () => {
    const nas = await readyFarm([addHlsPi1, addSecond])
    for (;;) {
      const runs: { run: string; fate: { kind: string } }[] = JSON.parse(
        (await nas.pifarm('undo --list --json')).stdout,
      )
      const next = runs.find(({ fate }) => fate.kind === 'next')
      const { stderr } = await nas.pifarm('undo --yes')
      if (next === undefined) {
        expect(stderr).toContain('there is no run to take back')
        return
      }
      expect(stderr).toContain(`run ${next.run}, `)
      if (textOn(nas, config) === '') return
    }
  })

  test('says of a purge that it is final', async () => {
    const nas = await readyFarm([addHlsPi1, 'remove-pi HLSPi1 --purge --yes', addSecond])
    const { stdout } = await nas.pifarm('undo --list')
    expect(stdout).toMatch(/^0004 .* next$/m)
    expect(stdout).toMatch(/^0003 .* no: it deleted \/mnt\/PiRoots\/\.HLSPi1\.removed-0003$/m)
  })

  test('holds no secret', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect((await nas.pifarm('undo --list --json')).stdout).not.toContain('private')
  })

  test('without it there is nothing in JSON', async () => {
    const nas = await readyFarm()
    expect(await nas.pifarm('undo --json')).toMatchObject({
      code: 2,
      error: 'undo has an answer in JSON only with --list',
    })
  })
})
