/**
 * What makes tar keep everything: without the `include`, it drops file capabilities and says
 * nothing. Numeric, since the names of the NAS's users are not the tree's.
 */
export const faithful = [
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
  '-S',
  '-p',
  '--numeric-owner',
] as const

/** Unpacks stdin into a directory. `packed`: tar's own flag for a compressor, e.g. `--xz`. */
export function extractArgv(into: string, packed: readonly string[] = []): readonly string[] {
  // A clock that stands before the tree's making, as a Pi's does, is nothing to warn of.
  return ['tar', '-x', '-f', '-', ...packed, ...faithful, '--warning=no-timestamp', '-C', into]
}
