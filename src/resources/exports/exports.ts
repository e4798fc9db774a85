import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { programsOf } from '../../host/need-programs.ts'
import { nothing, type Probe, type ResourcePlan } from '../../plan/change.ts'
import { fileShouldBe } from '../file-should-be.ts'
import { pinPorts } from '../pin-ports.ts'
import type { AddressesInUse, Judgement, Look, Resource, UndoLook } from '../resource.ts'
import { exportsTrial } from '../try-exports.ts'
import { beforeExporting } from './before-exporting.ts'
import { openRoots, refuseClashes } from './clashes.ts'
import { keyOf, readEtab } from './etab.ts'
import { readExportFacts } from './export-facts.ts'
import { ownPart, ownText } from './own-text.ts'
import { parseExports } from './parse-exports.ts'
import { servedClients } from './served-clients.ts'
import { missingFrom, wantedExports } from './wanted-exports.ts'

/**
 * Each root is exported to its own Pi and to nobody else. One bad word in one line takes the
 * exports of every client behind it, so exportfs itself sees the text before it counts.
 */
export const exports: Resource = {
  name: 'exports',
  needs,
  plan,
  probes,
  beforeUndo,
  addressesInUse,
}

function needs({ services }: Farm): string[] {
  return [
    'unshare',
    'sh',
    'mktemp',
    'mount',
    'umount',
    'exportfs',
    ...programsOf(services.nfs.export),
  ]
}

async function plan({ farm, nas }: Look): Promise<ResourcePlan> {
  const own = await ownText(nas, farm)
  const changes = await fileShouldBe(nas, {
    path: own.path,
    text: own.after,
    why: 'each root for its own Pi alone',
  })
  const facts = await readExportFacts(nas, farm)
  refuseClashes(farm, facts)
  const warnings = openRoots(farm, facts)

  const wanted = wantedExports(farm)
  const live = await readEtab(nas, farm)
  const isReadAgain = (await pinPorts(farm, nas)).changes.length > 0
  if (changes.length === 0 && missingFrom(live, wanted).length === 0 && !isReadAgain)
    return { ...nothing, warnings }

  const ours = parseExports(own.ours)
  const wantedKeys = new Set(wanted.map(keyOf))
  const former = ours.map(keyOf).filter((key) => !wantedKeys.has(key))
  const before = await beforeExporting(nas, farm, own, { ours, wanted, facts, live })
  return {
    ...nothing,
    changes,
    checks: before.checks,
    reloads: [
      { why: 'export the roots', argv: farm.services.nfs.export, trial: exportsTrial(farm) },
    ],
    probes: [...probes(farm), ...goneProbe(farm, new Set(former))],
    warnings: [...warnings, ...before.warnings],
  }
}

/** The same files are read again, and people may have been at theirs since. */
async function beforeUndo({ farm, nas, becomes }: UndoLook): Promise<Judgement> {
  const now = await ownText(nas, farm)
  const entry = await becomes(now.path)
  const after = entry?.kind === 'file' ? entry.text : ''
  const wanted = parseExports(ownPart(farm, after))
  const facts = await readExportFacts(nas, farm)
  const [ours, live] = [parseExports(now.ours), await readEtab(nas, farm)]
  return await beforeExporting(nas, farm, { ...now, after }, { ours, wanted, facts, live })
}

function probes(farm: Farm): Probe[] {
  return [
    {
      why: 'every root is exported',
      patience: 2000,
      look: async (nas) => {
        const missing = missingFrom(await readEtab(nas, farm), wantedExports(farm))[0]
        return missing && `${missing.path} is not exported to ${missing.client}`
      },
    },
  ]
}

function goneProbe(farm: Farm, former: ReadonlySet<string>): Probe[] {
  if (former.size === 0) return []
  return [
    {
      why: 'no removed root is exported',
      patience: 2000,
      look: async (nas) => {
        const still = (await readEtab(nas, farm)).find((entry) => former.has(keyOf(entry)))
        return still && `${still.path} is still exported to ${still.client}`
      },
    },
  ]
}

/** Whom people export to has his address from somewhere, though dhcpd need not know him. */
async function addressesInUse(farm: Farm, nas: Reader): Promise<AddressesInUse> {
  return { taken: new Set(await servedClients(nas, farm)), inRange: () => undefined }
}
