import * as z from 'zod'
import type { Farm } from '../../farm/farm.ts'
import type { Output, Reader } from '../../host/host.ts'
import { filterLines } from '../../plan/live-rules.ts'
import { nfsPortList } from './wanted-rules.ts'

/** What the answer of `iptables-save -t filter` shows that pifarm's chains cannot mend. */
export function savedWarnings(saved: Output): string[] {
  const warnings: string[] = []
  if (saved.stderr.includes('iptables-legacy tables present'))
    warnings.push(
      'iptables-legacy rules are loaded beside these and can refuse the Pis: see iptables-legacy-save',
    )
  const lines = filterLines(saved.stdout)
  if (refusesTheUnknown(lines) && !lines.some((line) => /\bESTABLISHED\b.* -j ACCEPT$/.test(line)))
    warnings.push(
      'INPUT refuses what no rule names and accepts no ESTABLISHED connections: TFTP would stop after its ' +
        'first block; `iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT` mends it',
    )
  return warnings
}

/**
 * Firewalls that can refuse what pifarm's chains accept: an accept is final only within one base
 * chain, so pifarm can say what rule is needed there, and no more.
 */
export async function foreignFirewalls(nas: Reader, farm: Farm): Promise<string[]> {
  return [...(await nftWarnings(nas, farm)), ...(await ufwWarnings(nas, farm))]
}

async function nftWarnings(nas: Reader, farm: Farm): Promise<string[]> {
  const listed = await nas.ask(['nft', '-j', 'list', 'chains'])
  if (listed.code !== 0) return []
  const { subnet } = farm.network
  const ports = nfsPortList.replace(':', '-').replaceAll(',', ', ')
  return inputChains(listed.stdout).map(({ family, table, name }) => {
    const rule = `nft insert rule ${family} ${table} ${name} ip saddr ${subnet}`
    return (
      `the nft chain ${family} ${table} ${name} also decides about input and can refuse the Pis; it needs ` +
      `\`${rule} tcp dport { ${ports} } accept\` and \`${rule} udp dport { 69, ${ports} } accept\``
    )
  })
}

const chainName = z.string().regex(/^[\w./-]+$/)
const listing = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.enum(['ip', 'inet']),
          table: chainName,
          name: chainName,
          hook: z.literal('input'),
          type: z.literal('filter'),
        })
        .optional()
        .catch(undefined),
    }),
  ),
})

/** Tables of family ip that iptables itself keeps. `filter` is the one that pifarm's chains are in. */
const iptablesTables: ReadonlySet<string> = new Set(['filter', 'mangle', 'security', 'raw', 'nat'])

function inputChains(json: string) {
  const parsed = listing.safeParse(parseJson(json))
  if (!parsed.success) return []
  return parsed.data.nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(({ family, table }) => !(family === 'ip' && iptablesTables.has(table)))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function ufwWarnings(nas: Reader, farm: Farm): Promise<string[]> {
  const settings = await nas.read('/etc/ufw/ufw.conf')
  if (settings?.kind !== 'file' || !/^ENABLED=yes\s*$/m.test(settings.text)) return []
  return [
    `ufw is active: nothing loads ${farm.paths.firewall} at boot, and iptables-persistent conflicts with ufw; ` +
      `\`ufw allow from ${farm.network.subnet}\` keeps the Pis served after a restart`,
  ]
}

function refusesTheUnknown(lines: readonly string[]): boolean {
  const last = lines.findLast((line) => line.startsWith('-A INPUT '))
  return (
    lines.some((line) => line.startsWith(':INPUT DROP')) ||
    /^-A INPUT -j (?:DROP|REJECT)\b/.test(last ?? '')
  )
}
