import { isOurs, ourRules, plain } from '../../plan/live-rules.ts'

/** What is written where nobody keeps a filter table yet: everything open, as the kernel starts. */
const emptyTable = [
  '# Managed by pifarm. Edit farm.yaml and run `pifarm apply`.',
  '*filter',
  ':INPUT ACCEPT [0:0]',
  ':FORWARD ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  'COMMIT',
  '',
].join('\n')

/**
 * A rules file (the format of iptables-save) with pifarm's lines in it, all other bytes as they
 * were. `wanted` is as `ourRules` answers; empty takes pifarm out again. Never made by dumping the
 * live table: that would freeze what docker or fail2ban put there, and would open ports where native
 * nft rules stand, which iptables-save prints wrongly.
 */
export function mergeRules(text: string, wanted: readonly string[]): string {
  if (ourRules(text).join('\n') === wanted.join('\n')) return text
  const foreign = withoutOurs(text)
  return wanted.length === 0 ? foreign.replace(emptyTable, '') : withOurs(foreign, wanted)
}

function withoutOurs(text: string): string {
  let table = ''
  return text
    .split('\n')
    .filter((raw) => {
      const line = plain(raw)
      if (line.startsWith('*')) table = line
      return table !== '*filter' || !isOurs(line)
    })
    .join('\n')
}

/** All our lines together, before the first rule of anybody: the jump must be INPUT's first. */
function withOurs(foreign: string, wanted: readonly string[]): string {
  const lines = foreign.split('\n')
  const place = lastDeclaration(lines)
  if (place === -1) return withOurs(`${endedLine(foreign)}${emptyTable}`, wanted)
  const ours = wanted.map((line) => line.replace(/^-I INPUT \d+/, '-A INPUT'))
  return [...lines.slice(0, place + 1), ...ours, ...lines.slice(place + 1)].join('\n')
}

/** Where the filter table, or its last declared chain, begins; -1 where there is no filter table. */
function lastDeclaration(lines: readonly string[]): number {
  let table = ''
  let place = -1
  lines.forEach((raw, index) => {
    const line = plain(raw)
    if (line.startsWith('*')) table = line
    if (table === '*filter' && /^[*:]/.test(line)) place = index
  })
  return place
}

function endedLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
