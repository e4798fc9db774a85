import { describe, expect, test } from 'vitest'
import { first } from './boards.ts'
import { mustBeDone } from './emulated-farm.ts'
import { farmOfThisFile } from './farm-of-this-file.ts'

const addPi = ['add-pi', '--mac', first.mac, '--name', first.name, '--serial', first.serial]
/** What a clone is called until it is whole. */
const unfinished = `ls -d /mnt/PiRoots/.${first.name}.[!r]* 2>/dev/null`

const farm = farmOfThisFile()

describe('the NAS loses its power in the middle of add-pi', () => {
  test('while a root is copied: it has left what the next run must take away', async () => {
    const run = await farm.nas.start(['pifarm', ...addPi, '--yes'])
    const outcome = run.ended.then(
      ({ code, stderr }) => `ended with ${code}: ${stderr}`,
      (error: Error) => error.message,
    )
    const inTheMiddle = `until ${unfinished}; do sleep 0.1; done; sleep 2; sync; echo in the middle`
    const copying = farm.nas.must('sh', '-c', inTheMiddle)
    copying.catch(() => {})
    expect(await Promise.race([copying, outcome])).toMatch(/in the middle$/m)
    await farm.box.cutNas()
    expect(await outcome).toMatch(/^the NAS went off/)
  })

  test('when the NAS is on again, pifarm status tells of it', async () => {
    await farm.box.startNas()
    const { stdout } = await farm.nas.run(['sh', '-c', unfinished])
    expect(stdout).not.toBe('')
    const status = await farm.nas.pifarm('status', '--json')
    expect([status.code, JSON.parse(status.stdout)]).toMatchObject([
      5,
      { cutOff: { command: expect.stringContaining('add-pi') } },
    ])
  })

  test('the same add-pi again ends in a farm where the Pi boots', async () => {
    mustBeDone(await farm.nas.pifarm(...addPi, '--yes'))
    expect(await farm.nas.run(['sh', '-c', unfinished])).toMatchObject({ stdout: '' })
    const pi = await farm.box.powerOn(first)
    await pi.reaches('multi-user')
    expect(await farm.onPi(first, 'hostname')).toBe('HLSPi1\n')
  })
})
