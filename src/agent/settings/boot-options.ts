/** What the kernel was started with that is meant for the agent. */
export interface BootOptions {
  readonly muxid?: string
  readonly muxhwdec?: string
  readonly muxcnc?: string
  readonly muxlabels?: string
}

const names = ['muxid', 'muxhwdec', 'muxcnc', 'muxlabels'] as const

/**
 * Reads /proc/cmdline as the kernel does: blanks separate, double quotes hold blanks together
 * wherever in a word they stand, and the last of equal names wins.
 */
export function bootOptions(cmdline: string): BootOptions {
  const found: Record<string, string> = {}
  for (const word of wordsOf(cmdline)) {
    // What follows is for init, and init is not asked.
    if (word === '--') break
    const [name, value] = split(word)
    if (value !== undefined && names.some((each) => each === name)) found[name] = value
  }
  return found
}

function wordsOf(cmdline: string): readonly string[] {
  // A quote that is never closed reaches to the end.
  return (cmdline.match(/(?:[^\s"]|"[^"]*(?:"|$))+/g) ?? []).map((word) => word.replaceAll('"', ''))
}

function split(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}
