export interface AptStatus {
  readonly doing: 'fetch' | 'install'
  readonly percent: number
}

/**
 * A line of what apt writes to APT::Status-Fd, e.g. `pmstatus:git:41.6667:Unpacking git (arm64)`. Its
 * other lines, of questions and errors, are not about progress.
 */
export function aptStatus(line: string): AptStatus | undefined {
  // The name of a package may have its architecture behind a colon.
  const [, kind, percent] = /^(dl|pm)status:.*?:(\d+(?:\.\d+)?):/.exec(line) ?? []
  if (kind === undefined) return undefined
  // The root's own apt says it, which may be anything.
  return { doing: kind === 'dl' ? 'fetch' : 'install', percent: Math.min(100, Number(percent)) }
}
