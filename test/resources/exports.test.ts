import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { localReader } from '../../src/host/local.ts'
import type { ResourcePlan } from '../../src/plan/change.ts'
import { runCheck } from '../../src/plan/check.ts'
import { exports } from '../../src/resources/exports/exports.ts'
import { portSettings } from '../../src/resources/pin-ports.ts'
import { tryExports } from '../../src/resources/try-exports.ts'
import { fakeNas } from '../support/fake-nas.ts'

/** A NAS in a directory: real files, the real exportfs in namespaces of its own. */
let top = ''

beforeEach(async () => {
  top = await mkdtemp('/tmp/pifarm-exports-')
  for (const dir of ['roots/pi1', 'roots/pi2', 'exports.d', 'nfs', 'srv'])
    await mkdir(join(top, dir), { recursive: true })
  await write('exports', '# mine\n')
  await write('nfs/etab', '')
  await write('nfs.conf', portSettings())
})

afterEach(async () => {
  await rm(top, { recursive: true })
})

describe('a first Pi', () => {
  test('is exported to its own address alone', async () => {
    const plan = await planOf(['pi1'])
    expect(written(plan)).toBe(
      '# Managed by pifarm. Edit farm.yaml and run `pifarm apply`.\n' +
        `${top}/roots/pi1 10.77.0.11(rw,sync,no_subtree_check,no_root_squash)\n`,
    )
    await check(plan)
  })

  test('is in a block where /etc/exports itself is set, behind what a person wrote', async () => {
    const plan = await planOf(['pi1'], { exports: `${top}/exports` })
    expect(written(plan)).toMatch(
      /^# mine\n# BEGIN pifarm.*\n\/tmp\S+ 10.77.0.11\(rw,\S+\)\n# END pifarm\n$/,
    )
    await check(plan)
  })

  test('may have a root that this run is still to make', async () => {
    await check(await planOf(['pi1', 'pi3']))
  })
})

test('a block without Pis goes, and the bytes are those from before', async () => {
  const paths = { exports: `${top}/exports` }
  const plan = await planOf(['pi1'], paths)
  await write('exports', written(plan))
  expect(written(await planOf([], paths))).toBe('# mine\n')
})

test('nothing is run where file and table are right', async () => {
  await laid(['pi1', 'pi2'])
  const nas = localReader()
  const plan = await exports.plan(look(['pi1', 'pi2'], {}, { ...nas, ask: () => fail('ran') }))
  expect(plan).toMatchObject({ changes: [], checks: [], reloads: [], probes: [] })
})

test('a table that lost an entry is mended without a change of the file', async () => {
  await laid(['pi1', 'pi2'])
  await write('nfs/etab', '')
  const plan = await planOf(['pi1', 'pi2'])
  expect(plan.changes).toEqual([])
  expect(plan.reloads.map(({ argv }) => argv)).toEqual([['exportfs', '-ra']])
  await check(plan)
  expect(await probe(plan)).toEqual([`${top}/roots/pi1 is not exported to 10.77.0.11`])
})

test('a table with other options is mended', async () => {
  const etab = await laid(['pi1'])
  await write('nfs/etab', etab.replaceAll('no_root_squash', 'root_squash'))
  expect((await planOf(['pi1'])).reloads).toHaveLength(1)
})

test('a removed Pi is gone from the file, and the probe wants it gone from the table', async () => {
  const etab = await laid(['pi1', 'pi2'])
  await rm(join(top, 'roots/pi2'), { recursive: true })
  const plan = await planOf(['pi1'])
  expect(written(plan)).not.toContain('pi2')
  await check(plan)
  expect(await probe(plan)).toEqual([`${top}/roots/pi2 is still exported to 10.77.0.12`])
  await write(
    'nfs/etab',
    etab
      .split('\n')
      .filter((line) => line.includes('pi1'))
      .join('\n'),
  )
  expect(await probe(plan)).toEqual([])
})

describe('is refused:', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'an unknown word by hand',
      'exports',
      '/tmp 10.0.0.1(rw,bogus)\n',
      /already broken before pifarm: .*unknown keyword "bogus"/,
    ],
    [
      'an open bracket by hand',
      'exports.d/b.exports',
      '/tmp 10.0.0.1(rw\n',
      /already broken before pifarm: .*bad option list/,
    ],
    [
      'a directory by hand that is not there',
      'exports',
      '/nowhere 10.0.0.1(rw,no_subtree_check)\n',
      /already broken before pifarm: .*Failed to stat \/nowhere/,
    ],
    [
      'the same without subtree options, of which exportfs says more than of the failure',
      'exports',
      '/nowhere 10.0.0.1(rw)\n',
      /already broken before pifarm: exportfs: Failed to stat \/nowhere/,
    ],
    [
      'an entry in no file',
      'nfs/etab',
      '/srv/x\t10.0.0.5(rw)\n',
      /"\/srv\/x" is exported to "10.0.0.5" by hand, in no file/,
    ],
    [
      'somebody else’s drop-in',
      'exports.d/pifarm.exports',
      '/srv 10.0.0.5(rw)\n',
      /was not written by pifarm/,
    ],
  ])('%s', async (_, file, text, message) => {
    await write(file, text)
    await expect(planOf(['pi1'])).rejects.toThrow(message)
  })

  test('a root exported to the same Pi by hand, with its place', async () => {
    await write('exports.d/a.exports', `# x\n${top}/roots/pi1/ 10.77.0.11/32(ro)\n`)
    await expect(planOf(['pi1'])).rejects.toThrow(
      `"${top}/roots/pi1" is already exported to "10.77.0.11/32" at ${top}/exports.d/a.exports:2`,
    )
  })

  test('a file that exportfs does not read', async () => {
    await expect(planOf(['pi1'], { exports: `${top}/exports.d/pifarm.conf` })).rejects.toThrow(
      'which exportfs does not read',
    )
  })
})

describe('the real exportfs passes these with status 0, the check does not:', () => {
  test.each<[string, (line: string) => string, RegExp]>([
    [
      'a blank before the bracket',
      (line) => line.replace('(', ' ('),
      /No options for .*10.77.0.11/,
    ],
    [
      'an address that is none',
      (line) => line.replace('10.77.0.11', '10.77.0.300'),
      /Failed to resolve 10.77.0.300/,
    ],
    ['another option', (line) => line.replace('rw,', 'ro,'), /leaves out .*pi1 for 10.77.0.11/],
    ['a line too few', () => '', /leaves out .*pi1 for 10.77.0.11/],
  ])('%s', async (_, spoil, message) => {
    const plan = await planOf(['pi1'])
    const checks = plan.checks.map((one) => ({ ...one, input: spoil(one.input ?? '') }))
    await expect(check({ ...plan, checks })).rejects.toThrow(message)
  })

  test('an export of somebody else that vanishes', async () => {
    const paths = { exports: `${top}/exports` }
    await write('exports', `${top}/srv 10.0.0.5(rw,sync,no_subtree_check)\n`)
    await write('nfs/etab', `${top}/srv\t10.0.0.5(rw)\n`)
    const plan = await planOf(['pi1'], paths)
    await check(plan)
    const checks = plan.checks.map((one) => ({
      ...one,
      input: one.input?.split('\n').slice(1).join('\n') ?? '',
    }))
    await expect(check({ ...plan, checks })).rejects.toThrow(
      `10.0.0.5 would lose its export of ${top}/srv`,
    )
  })
})

test('an export by a name that only DNS knows stands in nobody’s way', async () => {
  await write('exports', `${top}/srv nas2.invalid(rw,sync,no_subtree_check)\n`)
  await write('nfs/etab', `${top}/srv\tnas2.invalid(rw)\n`)
  await check(await planOf(['pi1']))
})

test('a harmless complaint about a person’s line below the block stays harmless when it moves', async () => {
  const paths = { exports: `${top}/exports` }
  const block = written(await planOf(['pi1'], paths))
  await write('exports', `${block}${top}/srv 10.0.0.5(rw,sync)\n`)
  await check(await planOf(['pi1', 'pi2'], paths))
})

test.each([
  [
    'the root itself to a network',
    (root: string) => `${root}/pi1 10.77.0.0/24(rw,no_subtree_check)`,
    /others than that Pi/,
  ],
  [
    'the root itself to the world',
    (root: string) => `${root}/pi1 *(ro,no_subtree_check)`,
    /others than that Pi/,
  ],
  ['all roots to the world', (root: string) => `${root} *(ro,no_subtree_check)`, /everybody/],
  [
    'something else to the world',
    (root: string) => `${root}/../srv *(ro,no_subtree_check)`,
    undefined,
  ],
  ['all roots to one host', (root: string) => `${root} 10.0.0.5(ro,no_subtree_check)`, undefined],
])('warns of what a person opens: %s', async (_, line, warning) => {
  await write('exports', `${line(join(top, 'roots'))}\n`)
  await laid([])
  const { warnings } = await planOf(['pi1'])
  expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
})

test('the check leaves nothing behind and does not touch the live table', async () => {
  const live = await readFile('/var/lib/nfs/etab', 'utf8')
  await check(await planOf(['pi1']))
  expect(await readFile('/var/lib/nfs/etab', 'utf8')).toBe(live)
  expect((await readdir('/run')).filter((name) => name.startsWith('pifarm-exports'))).toEqual([])
})

test('the script refuses to mount anything over the caller’s own /etc', async () => {
  const [sh = '', ...args] = tryExports(farmOf([])).slice(4)
  // Even where the guard fails, a namespace of the test's own takes the mounts.
  const nested = ['-mn', 'sh', '-c', '"$@"; exit $?', 'sh', sh, ...args]
  const { exitCode, stderr } = await execa('unshare', nested, { input: '', reject: false })
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: 'run this in a mount namespace of its own',
  })
})

test('a thousand Pis are planned without quadratic work', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `pi${i + 1}`)
  const plan = await exports.plan(look(names))
  await check(plan)
  expect(written(plan).trim().split('\n')).toHaveLength(1001)
})

/** What an earlier run left: the file, and the table that exportfs makes of it. */
async function laid(names: readonly string[]): Promise<string> {
  await write('exports.d/pifarm.exports', written(await planOf(names)))
  const farm = farmOf(names)
  const [program = '', ...args] = tryExports(farm)
  const text = await readFile(farm.paths.exports, 'utf8')
  const { stdout } = await execa(program, args, { input: text })
  await write('nfs/etab', `${stdout}\n`)
  return stdout
}

async function planOf(names: readonly string[], paths = {}): Promise<ResourcePlan> {
  return await exports.plan(look(names, paths))
}

function look(names: readonly string[], paths = {}, nas = localReader()) {
  const fresh = {
    machineId: () => fail('not asked'),
    token: () => fail('not asked'),
    hostKey: () => fail('not asked'),
  }
  return {
    farm: farmOf(names, paths),
    nas,
    fresh,
    owned: new Set<string>(),
    purge: false,
    runId: 'r',
  }
}

function farmOf(names: readonly string[], paths = {}): Farm {
  const settings = farmSchema.parse({
    nas: { address: '10.77.0.1', interface: 'eth0' },
    network: { subnet: '10.77.0.0/16', addresses: '10.77.0.10-10.77.9.250' },
    paths: {
      roots: `${top}/roots`,
      exports: `${top}/exports.d/pifarm.exports`,
      etc_exports: `${top}/exports`,
      exports_dir: `${top}/exports.d`,
      nfs_state: `${top}/nfs`,
      nfs_conf: `${top}/nfs.conf`,
      ...paths,
    },
    pis: names.map((name) => {
      const n = Number(name.slice(2))
      const octet = (n >> 8).toString(16).padStart(2, '0')
      return {
        name,
        mac: `b8:27:eb:00:${octet}:${(n & 255).toString(16).padStart(2, '0')}`,
        address: `10.77.${Math.floor((n + 10) / 200)}.${(n + 10) % 200}`,
        muxid: n,
      }
    }),
  })
  return makeFarm('farm.yaml', settings)
}

function written(plan: ResourcePlan): string {
  const change = plan.changes.at(-1)
  return change?.kind === 'put' && change.after?.kind === 'file' ? change.after.text : ''
}

/** Nothing is staged as a file, so that looking is enough. */
async function check(plan: ResourcePlan): Promise<void> {
  expect(plan.checks).toHaveLength(1)
  const nas = { ...fakeNas(), ask: localReader().ask }
  for (const one of plan.checks) await runCheck(one, nas)
}

async function probe(plan: ResourcePlan): Promise<string[]> {
  const found = await Promise.all(plan.probes.map(({ look }) => look(localReader())))
  return found.filter((wrong) => wrong !== undefined)
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(join(top, file), text)
}

function fail(why: string): never {
  throw new Error(why)
}
