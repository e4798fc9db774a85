import { UserError } from '../../errors.ts'
import type { Report } from '../../ui/ui.ts'
import type { Tree } from '../tree.ts'
import { type AptStatus, aptStatus } from './apt-status.ts'
import { textAt } from './texts.ts'

/** The packages that dpkg has installed in the tree, with their versions. */
export async function installedPackages(tree: Tree): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const paragraph of ((await textAt(tree, '/var/lib/dpkg/status')) ?? '').split('\n\n')) {
    // Not "deinstall ok config-files": removed, but for its configuration.
    if (!/^Status: \S+ ok installed$/m.test(paragraph)) continue
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1]
    if (name !== undefined) found.set(name, /^Version: (\S+)$/m.exec(paragraph)?.[1] ?? '')
  }
  return found
}

const listsDir = '/var/lib/apt/lists'

/**
 * Installs packages inside. Throws with apt's last words where it cannot. What apt fetches for it
 * is not left: every Pi would get a copy of it, and of the lists alone that is 80 MB.
 */
export async function installPackages(
  tree: Tree,
  names: readonly string[],
  report: Report = () => {},
): Promise<void> {
  const hadLists = (await lists(tree)).length > 0
  await apt(tree, ['update'], ({ percent }) => {
    if (percent < 100)
      report({ done: percent, total: 100, of: 'percent', part: 'fetching the lists' })
    // Through qemu it takes as long as the fetching, and apt says nothing of it.
    else report({ done: 0, total: 0, of: 'percent', part: 'reading the lists' })
  })
  const flags = ['--yes', '--no-install-recommends', '-o', 'APT::Keep-Downloaded-Packages=false']
  const argv = ['install', ...flags, '--', ...names]
  const total = await bytesToFetch(tree, argv)
  await apt(tree, argv, ({ doing, percent }) => {
    if (doing === 'fetch')
      report({ done: Math.round((total * percent) / 100), total, part: 'fetching' })
    else report({ done: percent, total: 100, of: 'percent', part: 'installing' })
  })
  if (!hadLists) for (const path of await lists(tree)) await tree.put(path, undefined)
}

async function lists(tree: Tree): Promise<readonly string[]> {
  return [...((await tree.list(listsDir)) ?? [])]
    .filter(([name, kind]) => kind === 'file' && name !== 'lock')
    .map(([name]) => `${listsDir}/${name}`)
}

/** 0 where apt does not say it: then what it installs with tells why. */
async function bytesToFetch(tree: Tree, argv: readonly string[]): Promise<number> {
  let total = 0
  // Past the log, in which a number would say nothing to anybody.
  const sum = `apt-get --print-uris --quiet=2 "$@" | awk '{ sum += $3 } END { print sum }' >&3`
  await tree.run(['sh', '-c', sum, 'sh', ...argv], (line) => {
    const bytes = Number(line)
    total = Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0
  })
  return total
}

async function apt(
  tree: Tree,
  argv: readonly string[],
  progress: (status: AptStatus) => void,
): Promise<void> {
  const { code, stdout, stderr } = await tree.run(
    ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'APT::Status-Fd=3', ...argv],
    (line) => {
      const status = aptStatus(line)
      if (status !== undefined) progress(status)
    },
  )
  if (code === 0) return
  const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join('; ')
  throw new UserError(`apt-get ${argv.join(' ')} failed in ${tree.top}: ${last}`, {
    hint: 'see that the NAS reaches the package servers named in its /etc/apt, and try again',
  })
}
