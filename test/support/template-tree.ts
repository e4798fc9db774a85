import type { Manifest } from '../../src/root-template/manifest.ts'

/** What keeps a build away from programs inside a tree that has none. */
export const plainWishes = [
  '--no-ssh-key',
  '--password-hash',
  '$6$pifarm$NvNnlxFxAuqzoBL4VGjU8Z0uB8e0uHqYpU1Vf5m0s2w3G4tC5x6y7z8A9B0C1D2E3F4G5H6I7J8K9L0M1N2O3',
] as const

/** All that the steps of a build say they did, in one text. */
export function changesOf(manifest: string): string {
  const { steps } = JSON.parse(manifest) as Manifest
  return steps.flatMap(({ changes }) => changes).join('\n')
}

/**
 * The entries in which two trees differ though no step speaks of them: `path: before -> after`. A
 * step that speaks of a file speaks of the directories that it makes for it.
 */
export function sameButFor(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  said: string,
): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const differing = paths.filter((path) => before.get(path) !== after.get(path))
  const spokenOf = differing.filter((path) => isSaid(path, said))
  return differing
    .filter((path) => !spokenOf.includes(path))
    .filter((path) => before.has(path) || !spokenOf.some((below) => below.startsWith(`${path}/`)))
    .map((path) => `${path}: ${before.get(path) ?? 'none'} -> ${after.get(path) ?? 'none'}`)
}

function isSaid(path: string, said: string): boolean {
  if (said.includes(`/${path}`)) return true
  if (path === 'etc/shadow') return said.includes('password')
  const name = path.split('/').at(-1) ?? ''
  return /\.(?:service|timer|target)$/.test(name) && said.includes(name)
}
