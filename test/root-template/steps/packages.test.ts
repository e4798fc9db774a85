import { describe, expect, test } from 'vitest'
import { packages } from '../../../src/root-template/steps/packages.ts'
import { dir, file, output } from '../../support/fake-nas.ts'
import { type FakeTree, fakeTree } from '../../support/fake-tree.ts'
import { installed, piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

const needed = ['openssh-server', 'nodejs', 'ffmpeg', 'nfs-common']

test('what is missing is installed, and nothing else', async () => {
  const tree = piRoot('bookworm')
  await mends(packages, tree, { packages: ['htop'] })
  const install = tree.ran.find((argv) => argv.includes('install'))
  expect(install?.slice(install.indexOf('--') + 1)).toEqual([
    'nodejs',
    'ffmpeg',
    'nfs-common',
    'htop',
  ])
})

test('a removed package whose configuration is still there is missing', async () => {
  const status = needed
    .map(installed)
    .join('')
    .replace('install ok installed', 'deinstall ok config-files')
  const tree = fakeTree({ '/var/lib/dpkg/status': status })
  expect(await packages.inspect(tree, wishes)).toEqual([
    'the package openssh-server is not installed',
  ])
})

test('all there: left alone', async () => {
  const status = [...needed, 'htop'].map(installed).join('')
  await leavesAlone(packages, fakeTree({ '/var/lib/dpkg/status': status }), { packages: ['htop'] })
})

describe('what apt fetches to install from', () => {
  const lists = '/var/lib/apt/lists'
  const one = `${lists}/deb.debian.org_dists_bookworm_InRelease`
  const fetching = { run: (argv: readonly string[], tree: FakeTree) => fetch(argv, tree) }

  async function fetch(argv: readonly string[], tree: FakeTree) {
    if (argv.includes('update')) await tree.put(one, file('lists'))
    return output()
  }

  test('stays out of every clone: packages and lists', async () => {
    const tree = fakeTree({ [`${lists}/lock`]: '', [`${lists}/partial`]: dir() }, fetching)
    await packages.mend(tree, wishes)
    expect(tree.ran.at(-1)?.join(' ')).toContain('-o APT::Keep-Downloaded-Packages=false')
    expect([...((await tree.list(lists)) ?? []).keys()].sort()).toEqual(['lock', 'partial'])
  })

  test('lists that were there stay, renewed', async () => {
    const tree = fakeTree({ [one]: 'old' }, fetching)
    await packages.mend(tree, wishes)
    expect(tree.textAt(one)).toBe('lists')
  })
})

test("apt's failure is told with its own words", async () => {
  const run = () => output('', 100, 'E: Unable to locate package htop\n')
  await expect(packages.mend(fakeTree({}, { run }), wishes)).rejects.toThrow(
    /apt-get update failed in .*Unable to locate package htop/,
  )
})

test.each([
  [
    '10.24.0~dfsg-1~deb10u4',
    ['nodejs is 10.24.0~dfsg-1~deb10u4: the muxer agent needs 18 or later, as Debian 12 has it'],
  ],
  ['18.20.4+dfsg-1~deb12u1', []],
])('nodejs %s', async (version, notes) => {
  const status = installed('nodejs').replace('Version: 1\n', `Version: ${version}\n`)
  expect(await packages.notes?.(fakeTree({ '/var/lib/dpkg/status': status }), wishes)).toEqual(
    notes,
  )
})
