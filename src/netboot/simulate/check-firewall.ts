import type { Farm } from '../../farm/farm.ts'
import type { Ipv4 } from '../../farm/schema.ts'
import type { Output, Reader } from '../../host/host.ts'
import { type Fault, type Findings, joined, noFindings } from './fault.ts'
import { firewallVerdict, type Knock, type Verdict } from './firewall-verdict.ts'
import type { NfsTarget } from './nfs-root.ts'
import { readNftRuleset } from './nft-ruleset.ts'
import { nftVerdict } from './nft-verdict.ts'

export const nfsPort = 2049
const portmapper = 111

/** A port that a Pi needs, and where it would stop without. */
interface Door extends Pick<Knock, 'protocol' | 'port'> {
  readonly of: string
  readonly stage: Fault['stage']
}

/** One firewall of this machine: a packet has to get through each of them. */
interface Firewall {
  readonly judge: (knock: Knock) => Verdict
  readonly cure: string
}

/** Whether the firewalls of this NAS let the Pi at that address through to what it needs. */
export async function checkFirewall(
  nas: Reader,
  farm: Farm,
  { from, to }: { readonly from: Ipv4; readonly to: Ipv4 },
  doors: readonly Door[],
): Promise<Findings> {
  const saved = await nas.ask(farm.services.firewall.save)
  const nft = await nas.ask(['nft', '-j', 'list', 'ruleset'])
  const firewalls = [...(await iptables(nas, saved)), ...nftables(nft)]
  const skipped = [
    ...(saved.code === 0 ? [] : [`the firewall: ${farm.services.firewall.save[0]} failed`]),
    // Without nft no rules but those of iptables are likely.
    ...(nft.code === 0 || nft.code === 127
      ? []
      : ['the rules of nftables: nft list ruleset failed']),
  ]
  const where = { from, to, interface: farm.nas.interface }
  const found = doors.map((door): Findings => {
    const { of, protocol, port } = door
    const judged = firewalls.map(({ judge, cure }) => {
      return { verdict: judge({ ...where, protocol, port }), cure }
    })
    for (const { verdict, cure } of judged) {
      if (verdict.kind !== 'refused') continue
      const what = `the firewall keeps ${from} from ${of} (${protocol} port ${port}): ${verdict.rule}`
      return { ...noFindings, faults: [{ stage: door.stage, what, cure }] }
    }
    if (judged.every(({ verdict }) => verdict.kind === 'accepted')) return noFindings
    return { ...noFindings, skipped: [`the firewall before ${of}: rules that pifarm cannot judge`] }
  })
  return joined(...found, { ...noFindings, skipped })
}

export const tftpDoor: Door = {
  of: 'the TFTP server',
  protocol: 'udp',
  port: 69,
  stage: 'tftp',
}

/** What a Pi needs to get at its root. */
export function nfsDoors(
  { protocol, version }: NfsTarget,
  mountd: number | undefined,
): readonly Door[] {
  const mount = { protocol, stage: 'mount' } as const
  return [
    ...(version === 4 ? [] : [{ ...mount, of: 'the portmapper', port: portmapper }]),
    ...(mountd === undefined ? [] : [{ ...mount, of: 'mountd', port: mountd }]),
    { ...mount, of: 'the NFS server', port: nfsPort },
  ]
}

async function iptables(nas: Reader, saved: Output): Promise<readonly Firewall[]> {
  if (saved.code !== 0) return []
  const cure = 'pifarm apply opens it; a rule before the jump to PIFARM is yours to change'
  const own: Firewall = { judge: (knock) => firewallVerdict(saved.stdout, knock), cure }
  // The old tables may be loaded beside those that iptables keeps in nftables.
  if (!saved.stderr.includes('iptables-legacy tables present')) return [own]
  const legacy = await nas.ask(['iptables-legacy-save', '-t', 'filter'])
  const judge = (knock: Knock): Verdict =>
    legacy.code === 0 ? firewallVerdict(legacy.stdout, knock) : { kind: 'unknown' }
  return [own, { judge, cure: 'it stands in the old tables: see iptables-legacy-save' }]
}

function nftables({ code, stdout }: Output): readonly Firewall[] {
  if (code !== 0) return []
  const ruleset = readNftRuleset(stdout)
  return [
    {
      judge: (knock) => (ruleset ? nftVerdict(ruleset, knock) : { kind: 'unknown' }),
      cure: "it is no rule of pifarm's, and only you can change it: see `nft list ruleset`, and /etc/nftables.conf",
    },
  ]
}
