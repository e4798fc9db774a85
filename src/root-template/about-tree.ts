import { architectureOf } from './architecture.ts'
import type { Tree } from './tree.ts'

/** What a root filesystem says of itself. */
export interface AboutTree {
  readonly architecture: string
  readonly release: string
  readonly kernels: readonly string[]
  /** `name version` of every installed package, sorted. */
  readonly packages: readonly string[]
}

export async function aboutTree(tree: Pick<Tree, 'read' | 'list'>): Promise<AboutTree> {
  const kernels = (await tree.list('/lib/modules')) ?? new Map<string, string>()
  return {
    architecture: (await architectureOf(tree)) ?? 'unknown',
    release: await releaseOf(tree),
    kernels: [...kernels].flatMap(([name, kind]) => (kind === 'dir' ? [name] : [])).sort(),
    packages: installed(await textAt(tree, '/var/lib/dpkg/status')),
  }
}

/** The name that a person knows the release by. */
async function releaseOf(tree: Pick<Tree, 'read'>): Promise<string> {
  // /etc/os-release is a link to the other one where nobody has replaced it.
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(await textAt(tree, path))?.[1]
    if (name !== undefined) return name
  }
  return 'unknown'
}

function installed(status: string): string[] {
  return status
    .split('\n\n')
    .filter((stanza) => /^Status: \S+ ok installed$/m.test(stanza))
    .map((stanza) => `${field(stanza, 'Package')} ${field(stanza, 'Version')}`)
    .sort()
}

function field(stanza: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
}

async function textAt(tree: Pick<Tree, 'read'>, path: string): Promise<string> {
  const entry = await tree.read(path)
  return entry?.kind === 'file' ? entry.text : ''
}
