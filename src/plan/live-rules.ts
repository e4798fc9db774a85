/**
 * pifarm's own lines of the filter table, read from and moved in the kernel. A line is written as
 * `iptables-save` prints it; only the jump is written `-I INPUT <place> -j PIFARM`, since where it
 * stands among other people's rules decides what it is worth.
 */

/** By their whole names: a chain that a person called PIFARM-MINE is that person's. */
const ourChain = /^PIFARM(?:-CONTROLLER|-NFS|-TFTP)?$/
const insertion = /^-I INPUT \d+ (.+)$/

/**
 * Our lines in what `iptables-save` printed or in a rules file: chains, jumps, rules; each sorted by
 * chain, so that legacy and nft, which list chains differently, compare equal.
 */
export function ourRules(saved: string): string[] {
  const chains: string[] = []
  const jumps: string[] = []
  const rules: { readonly chain: string; readonly line: string }[] = []
  let inputRules = 0
  for (const line of filterLines(saved)) {
    const chain = chainOf(line)
    if (chain === 'INPUT') inputRules += Number(line.startsWith('-A'))
    if (!isOurs(line)) continue
    if (chain === 'INPUT') jumps.push(`-I INPUT ${inputRules} ${line.slice('-A INPUT '.length)}`)
    else if (line.startsWith(':')) chains.push(`:${chain} - [0:0]`)
    else rules.push({ chain, line })
  }
  rules.sort((a, b) => compare(a.chain, b.chain))
  return [...chains.sort(compare), ...jumps, ...rules.map((rule) => rule.line)]
}

/**
 * What to feed `iptables-restore --noflush` to get from `current` to `wanted`, both as `ourRules`
 * answers. One COMMIT: the kernel takes all of it or nothing. INPUT is never declared, for that
 * would set its policy.
 */
export function transaction(current: readonly string[], wanted: readonly string[]): string {
  const kept = new Set(chainsIn(wanted))
  const gone = chainsIn(current).filter((chain) => !kept.has(chain))
  return [
    '*filter',
    // Declaring a chain makes it, or empties it where it is.
    ...wanted.filter((line) => line.startsWith(':')),
    ...current.flatMap((line) => insertion.exec(line)?.[1] ?? []).map((jump) => `-D INPUT ${jump}`),
    // All are emptied before one goes: a chain that another jumps to cannot be deleted.
    ...gone.map((chain) => `-F ${chain}`),
    ...gone.map((chain) => `-X ${chain}`),
    ...wanted.filter((line) => !line.startsWith(':')),
    'COMMIT',
    '',
  ].join('\n')
}

/** Whether a line of the filter table, as `filterLines` gives it, is pifarm's. */
export function isOurs(line: string): boolean {
  const chain = chainOf(line)
  if (chain !== 'INPUT') return ourChain.test(chain)
  return ourChain.test(/ -[jg] (\S+)$/.exec(line)?.[1] ?? '')
}

/** The chain lines and rules of the filter table, without packet counters, comments quoted. */
export function filterLines(saved: string): string[] {
  let table = ''
  const lines: string[] = []
  for (const raw of saved.split('\n')) {
    const line = plain(raw)
    if (line.startsWith('*')) table = line
    else if (table === '*filter' && /^(?::|-A )/.test(line)) lines.push(line)
  }
  return lines
}

/** One line without packet counters; a comment of one word is quoted, as every iptables reads it. */
export function plain(line: string): string {
  return line
    .trim()
    .replace(/^\[\d+:\d+\] /, '')
    .replace(/ --comment ([^"\s]\S*)/, ' --comment "$1"')
}

function chainOf(line: string): string {
  return /^(?::|-A )(\S+)/.exec(line)?.[1] ?? ''
}

function chainsIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith(':')).map(chainOf)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
