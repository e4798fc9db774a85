import { UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Entry, Reader } from '../../host/host.ts'
import { programsOf } from '../../host/need-programs.ts'
import type { Probe, Put, Reload } from '../../plan/change.ts'
import { fileShouldBe } from '../file-should-be.ts'
import { setBlock } from '../managed-block.ts'
import type { Resource } from '../resource.ts'
import { baselineCheck, candidateCheck, trialOf } from './check.ts'
import { dhcpClashes, doubleSubnet, unservedSubnet } from './clashes.ts'
import { addressesInUse, type DhcpFacts, findOwnInclude, readDhcpFacts } from './facts.ts'
import { dhcpd, dhcpdProbe, editedSinceStart } from './probe.ts'
import { renderBlock, renderOwnFile } from './render.ts'

const manyClashes = 10

/** A fixed address and the boot options for each Pi, in isc-dhcp-server. */
export const dhcp: Resource = {
  name: 'dhcp',

  needs: ({ services }) => [...programsOf(services.dhcp.test, services.dhcp.restart), 'find'],

  async plan({ farm, nas }) {
    const facts = await readDhcpFacts(nas, farm)
    const { conf } = facts
    if (conf === undefined) throw missingServer(farm)
    const unserved = unservedSubnet(farm, facts)
    refuseClashes(farm, facts, unserved)

    const wanted = wantedTexts(farm, facts, conf)
    const changes = await puts(farm, nas, wanted, conf)
    const warnings =
      unserved === undefined ? [] : [`${unserved} (dhcp.declare_subnet: true lets pifarm do it)`]
    if (changes.length === 0)
      return { changes, checks: [], reloads: [], probes: [], warnings, owns: [] }
    const includes = (await findOwnInclude(nas, farm, wanted.conf)) ?? []
    return {
      changes,
      checks: [baselineCheck(farm), candidateCheck(farm, wanted, includes)],
      reloads: reloads(farm),
      probes: dhcp.probes(farm),
      warnings: [...warnings, ...(await editedSinceStart(nas, farm, facts))],
      owns: [],
    }
  },

  probes(farm: Farm): readonly Probe[] {
    return [dhcpdProbe(farm)]
  },

  async beforeUndo({ farm, nas, former, becomes }) {
    const { dhcp: ownPath, dhcpd_conf } = farm.paths
    const facts = await readDhcpFacts(nas, farm)
    if (former !== undefined) refuseClashes(former, facts, unservedSubnet(former, facts))
    const [own, edited] = [textIn(await becomes(ownPath)), textIn(await becomes(dhcpd_conf))]
    const conf = edited ?? facts.conf
    if (conf === undefined) throw missingServer(farm)
    const includes = own === undefined ? [] : await findOwnInclude(nas, farm, conf)
    const wanted = { own: includes?.length ? own : undefined, conf }
    return {
      checks: [baselineCheck(farm), candidateCheck(farm, wanted, includes ?? [])],
      warnings: await editedSinceStart(nas, farm, facts),
    }
  },

  async addressesInUse(farm, nas) {
    return addressesInUse(await readDhcpFacts(nas, farm))
  },
}

function textIn(entry: Entry | undefined): string | undefined {
  return entry?.kind === 'file' ? entry.text : undefined
}

function missingServer(farm: Farm): UserError {
  return new UserError(`${farm.paths.dhcpd_conf} does not exist`, {
    hint: 'install isc-dhcp-server, or set paths.dhcpd_conf in farm.yaml',
  })
}

function refuseClashes(farm: Farm, facts: DhcpFacts, unserved: string | undefined): void {
  if (unserved !== undefined && farm.pis.length > 0)
    throw new UserError(unserved, {
      hint: 'declare it there, or set dhcp.declare_subnet: true in farm.yaml and pifarm does',
    })
  const double = doubleSubnet(farm, facts)
  if (double !== undefined)
    throw new UserError(double, { hint: 'set dhcp.declare_subnet: false in farm.yaml' })
  const clashes = dhcpClashes(farm, facts)
  if (clashes.length === 0) return
  const more = clashes.length - manyClashes
  const shown = [...clashes.slice(0, manyClashes), ...(more > 0 ? [`and ${more} more`] : [])]
  throw new UserError(shown.join('\n'), {
    hint: `change one of the two: ${farm.file} or the hand-written configuration`,
  })
}

/** What the files should read. `own` is undefined where all of it stands in dhcpd.conf. */
interface WantedTexts {
  readonly own: string | undefined
  readonly conf: string
}

function wantedTexts(farm: Farm, facts: DhcpFacts, conf: string): WantedTexts {
  const { dhcp: ownPath, dhcpd_conf } = farm.paths
  if (ownPath === dhcpd_conf)
    return { own: undefined, conf: setBlock(conf, dhcpd_conf, renderBlock(farm)) }
  // A person's own include does as well, and a second one would declare every host twice.
  const lines = facts.ownInclude === undefined ? [`include "${ownPath}";`] : undefined
  return { own: renderOwnFile(farm), conf: setBlock(conf, dhcpd_conf, lines) }
}

async function puts(
  farm: Farm,
  nas: Reader,
  { own, conf }: WantedTexts,
  confNow: string,
): Promise<readonly Put[]> {
  const { dhcp: ownPath, dhcpd_conf } = farm.paths
  const why = own === undefined ? 'addresses and boot options of the Pis' : `includes ${ownPath}`
  return [
    ...(own === undefined
      ? []
      : await fileShouldBe(nas, {
          path: ownPath,
          text: own,
          isOurs: true,
          why: 'addresses and boot options of the Pis',
        })),
    // dhcpd.conf may be a symbolic link as long as nothing in it has to change.
    ...(conf === confNow ? [] : await fileShouldBe(nas, { path: dhcpd_conf, text: conf, why })),
  ]
}

function reloads(farm: Farm): readonly Reload[] {
  const { reset, restart } = farm.services.dhcp
  return [
    { why: 'clear the start limit of dhcpd', argv: reset, mayFail: true },
    { why: 'restart dhcpd', argv: restart, daemon: dhcpd(farm), trial: trialOf(farm) },
  ]
}
