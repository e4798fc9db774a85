import { dirname } from 'node:path'
import type { Entry, Host } from '../../src/host/host.ts'
import type { FakeNas } from './fake-nas.ts'

/** Something that was done and not yet flushed: a power cut may take it back. */
interface Unflushed {
  readonly what: string
  /** The directories that have to be flushed to keep it. */
  readonly dirs: Set<string>
  readonly paths: readonly string[]
  /** What lay at these paths and below. */
  readonly before: Record<string, Entry>
}

/**
 * A NAS whose power can be cut. What stands in no flushed directory is lost then or not, one change
 * independently of the other, as disks do it: a directory's entries become lasting with its own fsync.
 */
export function powered(nas: FakeNas): {
  readonly host: Host
  /** What was not flushed, oldest first. */
  readonly unflushed: () => readonly string[]
  /** Cuts the power: loses those for which that is so, by their place in `unflushed`. */
  readonly cut: (isLost: (place: number) => boolean) => void
} {
  let open: Unflushed[] = []

  async function changing(what: string, paths: readonly string[], change: () => Promise<void>) {
    const before = below(nas, paths)
    await change()
    open.push({ what, paths, before, dirs: new Set(paths.map((path) => dirname(path))) })
  }

  function flushed(dirs: readonly string[]): void {
    for (const change of open) for (const dir of dirs) change.dirs.delete(dir)
    open = open.filter(({ dirs: left }) => left.size > 0)
  }

  const host: Host = {
    ...nas,
    put: (path, entry) => changing(`put ${path}`, [path], () => nas.put(path, entry)),
    cloneTree: (clone, progress, signal) =>
      changing(`clone ${clone.to}`, [clone.to], () => nas.cloneTree(clone, progress, signal)),
    removeTree: (path) => changing(`remove ${path}`, [path], () => nas.removeTree(path)),
    // The real one flushes both directories itself.
    moveTree: async (from, to) => {
      await nas.moveTree(from, to)
      flushed([dirname(from), dirname(to)])
    },
    flush: async (dirs) => flushed(dirs),
  }

  return {
    host,
    unflushed: () => open.map(({ what }) => what),
    cut: (isLost) => {
      for (const [place, { paths, before }] of [...open.entries()].toReversed()) {
        if (!isLost(place)) continue
        for (const path of paths) nas.poke(path, undefined)
        for (const [path, entry] of Object.entries(before)) nas.poke(path, entry)
      }
      open = []
    },
  }
}

function below(nas: FakeNas, paths: readonly string[]): Record<string, Entry> {
  return Object.fromEntries(
    Object.entries(nas.snapshot()).filter(([at]) =>
      paths.some((path) => at === path || at.startsWith(`${path}/`)),
    ),
  )
}
