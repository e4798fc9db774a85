import { describe, expect, test } from 'vitest'
import {
  addHlsPi1,
  config,
  type FarmNas,
  readyFarm,
  templateFiles,
  textOn,
} from '../support/farm-nas.ts'

const old = '/mnt/PiRoots/old'
const state = '/var/lib/pifarm/templates'
const remove = 'template remove old --yes'

/** A farm with a template that no Pi has, and what its build has left. */
async function farmWithOld(commands: readonly string[] = []): Promise<FarmNas> {
  const files = {
    ...templateFiles(old),
    [`${state}/old.json`]: '{}',
    [`${state}/old.log`]: 'apt\n',
  }
  return await readyFarm(commands, { files })
}

function pathsOf(nas: FarmNas, pattern: RegExp): string[] {
  return Object.keys(nas.snapshot()).filter((path) => pattern.test(path))
}

test('nothing is left of a template that no Pi has, and nothing else is changed', async () => {
  const nas = await farmWithOld([addHlsPi1])
  const before = nas.outside()
  const { code, stderr } = await nas.pifarm(remove)
  expect([code, stderr]).toEqual([0, `deleted ${old} for good: no undo brings it back`])
  const rest = Object.entries(before).filter(
    ([path]) => path !== old && !path.startsWith(`${old}/`) && !path.startsWith(`${state}/old.`),
  )
  expect(nas.outside()).toEqual(Object.fromEntries(rest))
})

test('the boot files of the default one go with it', async () => {
  const nas = await readyFarm([], { files: { [`${state}/template.json`]: '{}' } })
  expect(pathsOf(nas, /^\/srv\/tftp\/templates\/template\//)).not.toEqual([])
  const { code, stderr } = await nas.pifarm('template remove template --yes')
  expect([code, stderr.split('\n')]).toEqual([
    0,
    [
      'done (run 0002); `pifarm undo` takes it back, without the template',
      'deleted /mnt/PiRoots/template for good: no undo brings it back',
    ],
  ])
  expect(pathsOf(nas, /^\/srv\/tftp\/templates\/template|PiRoots\/\.?template/)).toEqual([])
  expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
})

test.each(['removeTree', 'moveTree'])(
  'what %s leaves there is not said to be deleted: 4',
  async (call) => {
    const nas = await farmWithOld()
    nas.beforeMutation = (_, what) => {
      if (what.startsWith(`${call} /mnt/PiRoots/`)) throw new Error('EIO: i/o error')
    }
    const { code, stderr } = await nas.pifarm(remove)
    expect(code).toBe(4)
    expect(stderr).toContain('EIO: i/o error')
    expect(stderr).not.toContain('for good')
  },
)

test('one that is a mount point cannot be renamed, and is refused before anything is changed', async () => {
  const nas = await farmWithOld()
  nas.poke('/proc/self/mountinfo', `40 25 8:17 / ${old} rw - ext4 /dev/sdb1 rw\n`)
  const before = nas.snapshot()
  expect(await nas.pifarm(remove)).toMatchObject({
    code: 2,
    error: `${old} is a mount point, which cannot be deleted`,
    hint: `unmount it first: umount ${old}`,
  })
  expect(nas.snapshot()).toEqual(before)
})

test('the template of a Pi stays, and it is said what to do first', async () => {
  const nas = await readyFarm([addHlsPi1])
  const before = nas.snapshot()
  expect(await nas.pifarm('template remove template --yes')).toMatchObject({
    code: 2,
    error: 'template is the template of HLSPi1',
    hint: 'they boot from its boot files: take them out first with `pifarm remove-pi`',
  })
  expect(nas.snapshot()).toEqual(before)
})

describe('another fault of the farm leaves the template and all else as it was', () => {
  test.each<[string, (nas: FarmNas) => void]>([
    [
      'a Pi in farm.yaml whose template is not there',
      (nas) => {
        const pi = 'name: HLSPi7, mac: "b8:27:eb:00:00:07", address: 10.77.0.57, muxid: 7'
        const text = textOn(nas, config).replace('pis:\n', `pis:\n  - { ${pi}, template: lost }\n`)
        nas.poke(config, text)
      },
    ],
    [
      'exports that the NFS server refuses',
      (nas) => {
        nas.poke('/etc/exports', '/srv/media 10.77.0.20(nonsense)\n')
        nas.poke('/etc/exports.d/pifarm.exports', undefined)
      },
    ],
  ])('%s: 2', async (_, spoil) => {
    const nas = await farmWithOld([addHlsPi1])
    spoil(nas)
    const before = nas.outside()
    const { code, error } = await nas.pifarm(remove)
    expect([code, error]).toEqual([2, expect.stringMatching(/lost|nonsense/)])
    expect(nas.outside()).toEqual(before)
  })

  test('a service that does not start again: 4', async () => {
    const nas = await farmWithOld()
    nas.poke('/etc/nfs.conf.d/pifarm.conf', undefined)
    nas.broken.nfs = true
    const ofOld = /PiRoots\/old\/|pifarm\/templates\/old/
    const before = pathsOf(nas, ofOld)
    const { code } = await nas.pifarm(remove)
    expect([code, pathsOf(nas, ofOld)]).toEqual([4, before])
  })
})
