import type { Lab } from './lab.ts'

/** Where pifarm, and the daemons for it, keep what lasts. */
const kept = ['/etc', '/srv', '/mnt/PiRoots', '/var/lib/pifarm', '/var/lib/nfs']
/** Each run leaves its record and its name in the lock; a check lays its files there for a moment. */
const ownBooks = /^\/var\/lib\/pifarm(?:\/lock|\/runs(?:\/.*)?)?$/

/**
 * What the NAS holds, by path: kind, mode, owner, link target, ACL, extended attributes and content
 * of every entry, and the live firewall under the key `iptables`. With `times` also when each was
 * last written, to the nanosecond.
 */
export async function nasState(
  lab: Lab,
  { times = false }: { readonly times?: boolean } = {},
): Promise<ReadonlyMap<string, string>> {
  const dirs = (await lab.must(['sh', '-c', `ls -d ${kept.join(' ')} 2>/dev/null || true`]))
    .trim()
    .split('\n')
  const format = `%p\\t%y %m %U:%G %l ${times ? '%T@' : ''}\\n`
  const found = await lab.must(['find', ...dirs, '-printf', format])
  const sums = await lab.must([...['find', ...dirs, '-type', 'f', '-exec', 'sha256sum', '{}', '+']])
  const sumOf = new Map(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]))
  const state = new Map<string, string>()
  for (const line of found.trim().split('\n')) {
    const [path = '', about = ''] = line.split('\t')
    if (!ownBooks.test(path)) state.set(path, `${about} ${sumOf.get(path) ?? ''}`)
  }
  state.set('iptables', withoutCounters(await lab.must(['iptables-save'])))
  return state
}

/** What differs, one line a path; empty where nothing does. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'absent'} -> ${after.get(path) ?? 'absent'}`)
}

/** iptables-save writes the time and how many packets passed: both change by themselves. */
function withoutCounters(saved: string): string {
  return saved.replace(/^#.*\n/gm, '').replace(/ \[\d+:\d+\]$/gm, '')
}
