import { describe, expect, test } from 'vitest'
import { addHlsPi1, config, readyFarm, textOn } from '../support/farm-nas.ts'

const addSecond = 'add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --serial aa000002'

describe('without --purge', () => {
  test('the root is kept aside, and everything else of the Pi goes', async () => {
    const nas = await readyFarm()
    const before = nas.outside()
    await nas.pifarm(addHlsPi1)
    nas.poke('/mnt/PiRoots/HLSPi1/home/pi/notes', 'mine\n')
    const { code } = await nas.pifarm('remove-pi HLSPi1 --yes')
    expect(code).toBe(0)
    expect(textOn(nas, '/mnt/PiRoots/.HLSPi1.removed-0003/home/pi/notes')).toBe('mine\n')
    const left = Object.entries(nas.outside()).filter(
      ([path]) => !/^\/(?:mnt\/PiRoots\/\.HLSPi1|var\/lib\/pifarm\/identity)/.test(path),
    )
    expect(Object.fromEntries(left)).toEqual(before)
  })

  test('the other Pis keep all that is theirs', async () => {
    const nas = await readyFarm([addSecond])
    const before = nas.outside()
    await nas.pifarm(addHlsPi1)
    await nas.pifarm('remove-pi HLSPi1 --purge --yes')
    expect(nas.outside()).toEqual(before)
  })

  test('asks first; a no leaves all as it is', async () => {
    const nas = await readyFarm([addHlsPi1])
    const before = nas.snapshot()
    const { code, questions } = await nas.pifarm('remove-pi hlspi1', { answers: [false] })
    expect(code).toBe(7)
    expect(questions).toEqual([
      'Take HLSPi1 out of the farm? Its root is kept beside /mnt/PiRoots/HLSPi1.',
    ])
    expect(nas.snapshot()).toEqual(before)
  })
})

describe('--purge', () => {
  test('restores the NAS of before add-pi to the byte', async () => {
    const nas = await readyFarm()
    const before = nas.outside()
    await nas.pifarm(addHlsPi1)
    const { code, stderr } = await nas.pifarm('remove-pi HLSPi1 --purge --yes')
    expect(code).toBe(0)
    expect(stderr).toContain('.HLSPi1.removed-0003/ is deleted for good')
    expect(nas.outside()).toEqual(before)
  })

  test('does not offer an undo that there is not', async () => {
    const nas = await readyFarm([addHlsPi1])
    const { stderr } = await nas.pifarm('remove-pi HLSPi1 --purge --yes')
    expect(stderr).not.toContain('pifarm undo')
  })

  test('is over when it is over: the commands after it write nothing of it again', async () => {
    const nas = await readyFarm([addHlsPi1, 'remove-pi HLSPi1 --purge --yes'])
    const mutations = nas.mutations
    expect((await nas.pifarm('remove-pi Nobody')).code).toBe(2)
    expect((await nas.pifarm('apply')).stderr).toContain('nothing to do')
    expect(nas.mutations).toBe(mutations)
  })

  test('asks in other words', async () => {
    const nas = await readyFarm([addHlsPi1])
    const { questions } = await nas.pifarm('remove-pi HLSPi1 --purge', { answers: [true] })
    expect(questions).toEqual(['Delete /mnt/PiRoots/HLSPi1 for good? This cannot be taken back.'])
  })

  test('killed while it deletes, the next command deletes the rest', async () => {
    const nas = await readyFarm()
    const before = nas.outside()
    await nas.pifarm(addHlsPi1)
    nas.beforeMutation = (_, what) => {
      if (what.startsWith('removeTree')) throw new Error('killed')
    }
    await nas.pifarm('remove-pi HLSPi1 --purge --yes').catch(() => undefined)
    nas.beforeMutation = () => {}
    await nas.pifarm('apply')
    expect(nas.outside()).toEqual(before)
  })
})

test('a Pi that still has its root mounted is refused', async () => {
  const nas = await readyFarm([addHlsPi1])
  const { ask } = nas
  nas.ask = async (argv, input) =>
    argv[0] === 'ss'
      ? { code: 0, stdout: '0 0 10.77.0.1:2049 10.77.0.50:755\n', stderr: '' }
      : await ask(argv, input)
  const before = nas.snapshot()
  const { code, error } = await nas.pifarm('remove-pi HLSPi1 --yes')
  expect({ code, error }).toEqual({
    code: 2,
    error: 'HLSPi1 (10.77.0.50) still has its root mounted',
  })
  expect(nas.snapshot()).toEqual(before)
})

test('a pending Pi goes too', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  await nas.pifarm('add-pi --mac b8:27:eb:00:00:02 --no-wait')
  expect((await nas.pifarm('remove-pi HLSPi1 --purge --yes')).code).toBe(0)
  expect(nas.outside()).toEqual(before)
})

test('--plan shows it without a question and does nothing', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  const { code, stdout } = await nas.pifarm('remove-pi HLSPi1 --purge --plan')
  expect(code).toBe(0)
  expect(stdout).toContain('/mnt/PiRoots/HLSPi1/  is moved to /mnt/PiRoots/.HLSPi1.removed-0003/')
  expect(nas.snapshot()).toEqual(before)
})

test('a Pi that nobody knows is refused', async () => {
  const nas = await readyFarm([addHlsPi1])
  const { code, error, hint } = await nas.pifarm('remove-pi HLSPi9 --yes')
  expect({ code, error }).toEqual({ code: 2, error: `there is no Pi "HLSPi9" in ${config}` })
  expect(hint).toBe('see all with: pifarm list')
})
