import { UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Output, Reader } from '../../host/host.ts'
import { programsOf } from '../../host/need-programs.ts'
import {
  type Change,
  type Check,
  nothing,
  type Probe,
  type Put,
  type ResourcePlan,
} from '../../plan/change.ts'
import { ourRules, transaction } from '../../plan/live-rules.ts'
import { fileShouldBe } from '../file-should-be.ts'
import type { Look, Resource } from '../resource.ts'
import { foreignFirewalls, savedWarnings } from './foreign-firewalls.ts'
import { mergeRules } from './merge-rules.ts'
import { wantedRules } from './wanted-rules.ts'

/**
 * Who may reach NFS and TFTP, in chains of pifarm's own that one jump at the top of INPUT leads to:
 * in the kernel at once, and merged into the file that is loaded at boot.
 */
export const firewall: Resource = { name: 'firewall', needs, plan, probes }

function needs({ firewall, services }: Farm): string[] {
  const { save, restore } = services.firewall
  return firewall.manage ? ['unshare', ...programsOf(save, restore)] : []
}

async function plan({ farm, nas }: Look): Promise<ResourcePlan> {
  if (!farm.firewall.manage) return nothing
  const wanted = wantedRules(farm)
  const saved = await save(nas, farm)
  const before = ourRules(saved.stdout)
  const live = sameLines(before, wanted) ? undefined : liveChange(farm, before, wanted)
  const kept = await keptAtBoot(nas, farm, wanted)
  const changes: Change[] = [...(live === undefined ? [] : [live]), ...(kept?.puts ?? [])]
  const warnings = savedWarnings(saved)
  if (changes.length === 0) return { ...nothing, warnings }
  return {
    ...nothing,
    changes,
    checks: [
      ...(live === undefined ? [] : [liveCheck(farm, transaction(before, wanted))]),
      ...(kept === undefined ? [] : [kept.check]),
    ],
    probes: probes(farm),
    warnings: [
      ...warnings,
      ...(await foreignFirewalls(nas, farm)),
      ...(await loaderWarnings(nas, farm)),
    ],
  }
}

function probes(farm: Farm): Probe[] {
  if (!farm.firewall.manage) return []
  return [
    {
      why: 'the firewall chains are in the kernel',
      patience: 0,
      look: async (nas) => difference(ourRules((await save(nas, farm)).stdout), wantedRules(farm)),
    },
  ]
}

function liveChange(farm: Farm, before: readonly string[], after: readonly string[]): Change {
  const moved = before.some((line) => /^-I INPUT (?!1 )/.test(line))
  return {
    kind: 'live-rules',
    save: farm.services.firewall.save,
    restore: farm.services.firewall.restore,
    before,
    after,
    why: moved
      ? 'rules of others stand before the jump to PIFARM: it moves to the first place'
      : 'NFS for the Pis alone, TFTP for their subnet',
  }
}

function liveCheck(farm: Farm, input: string): Check {
  return {
    why: 'the new firewall chains',
    staged: [],
    argv: [...farm.services.firewall.restore, '--test'],
    input,
  }
}

/** The rules file with our lines in it; undefined where it has them. */
async function keptAtBoot(
  nas: Reader,
  farm: Farm,
  wanted: readonly string[],
): Promise<{ puts: readonly Put[]; check: Check } | undefined> {
  const path = farm.paths.firewall
  const there = await nas.read(path)
  const text = there?.kind === 'file' ? there.text : ''
  const merged = mergeRules(text, wanted)
  // 0640 like the file that netfilter-persistent saves.
  const why = 'the same chains after a restart'
  const puts = await fileShouldBe(nas, { path, text: merged, why, mode: 0o640 })
  if (puts.length === 0) return undefined
  await refuseBroken(nas, farm, text)
  return { puts, check: { why: `the new ${path}`, staged: [], ...testOfFile(farm, merged) } }
}

/** In a network namespace of its own: read like at boot, with no regard to what is loaded now. */
function testOfFile(farm: Farm, input: string) {
  return { argv: ['unshare', '-n', ...farm.services.firewall.restore, '--test'], input }
}

/** At boot a file with one bad line is skipped whole, and silently. */
async function refuseBroken(nas: Reader, farm: Farm, text: string): Promise<void> {
  if (text === '') return
  const { argv, input } = testOfFile(farm, text)
  const output = await nas.ask(argv, input)
  if (output.code === 0) return
  throw new UserError(
    `${farm.paths.firewall} was already broken before pifarm: ${firstLine(output)}`,
    { hint: `mend it until \`iptables-restore --test ${farm.paths.firewall}\` is content` },
  )
}

async function save(nas: Reader, farm: Farm): Promise<Output> {
  const { save } = farm.services.firewall
  const output = await nas.ask(save)
  if (output.code !== 0)
    throw new UserError(`${save.join(' ')} failed: ${firstLine(output)}`, {
      hint: 'pifarm needs to be root to read the firewall',
    })
  return output
}

/** Without this plugin the file is only a file. */
async function loaderWarnings(nas: Reader, farm: Farm): Promise<string[]> {
  if (farm.paths.firewall !== '/etc/iptables/rules.v4') return []
  const plugin = await nas.read('/usr/share/netfilter-persistent/plugins.d/15-ip4tables')
  // The packages of ufw and of this plugin exclude each other.
  if (plugin !== undefined || (await nas.read('/etc/ufw/ufw.conf')) !== undefined) return []
  return [`nothing loads ${farm.paths.firewall} at boot: apt install iptables-persistent`]
}

function difference(live: readonly string[], wanted: readonly string[]): string | undefined {
  if (sameLines(live, wanted)) return undefined
  const [has, wants] = [new Set(live), new Set(wanted)]
  const lacking = wanted.find((line) => !has.has(line))
  if (lacking !== undefined) return `the kernel lacks the rule ${lacking}`
  const surplus = live.find((line) => !wants.has(line))
  return surplus === undefined
    ? 'the rules are in another order'
    : `the kernel still has ${surplus}`
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}

function firstLine(output: Output): string {
  return output.stderr.trim().split('\n')[0] || `exit status ${output.code}`
}
