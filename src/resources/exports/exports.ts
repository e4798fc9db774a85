import { join } from 'node:path'
import { type Farm, rootOf } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { programsOf } from '../../host/need-programs.ts'
import { nothing, type Probe, type ResourcePlan } from '../../plan/change.ts'
import { fileShouldBe } from '../file-should-be.ts'
import type { Look, Resource } from '../resource.ts'
import { entriesToKeep, readBaseline, tryExports } from './baseline.ts'
import { openRoots, refuseClashes } from './clashes.ts'
import { type EtabEntry, keyOf, parseEtab } from './etab.ts'
import { readExportFacts } from './export-facts.ts'
import { judgeExports } from './judge.ts'
import { ownText } from './own-text.ts'
import { parseExports } from './parse-exports.ts'
import { missingFrom, wantedExports } from './wanted-exports.ts'

/**
 * Each root is exported to its own Pi and to nobody else. One bad word in one line takes the
 * exports of every client behind it, so exportfs itself sees the text before it counts.
 */
export const exports: Resource = { name: 'exports', needs, plan, probes }

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
  const live = await readLive(nas, farm)
  if (changes.length === 0 && missingFrom(live, wanted).length === 0)
    return { ...nothing, warnings }

  const wantedKeys = new Set(wanted.map(keyOf))
  const former = parseExports(own.ours)
    .map(keyOf)
    .filter((key) => !wantedKeys.has(key))
  const ours = new Set([...wantedKeys, ...former])
  // A root of a removed Pi is moved aside only by this run, or was by a person: either is well.
  const roots = new Set([...farm.pis.map((pi) => rootOf(farm, pi)), ...pathsIn(own.ours)])
  const baseline = await readBaseline(nas, farm, own.before, roots)
  const keep = entriesToKeep(live, ours, baseline, facts)
  const expected = { wanted, keep, roots, knownStderr: baseline.stderr }
  return {
    ...nothing,
    changes,
    checks: [
      {
        why: 'exportfs reads the new exports',
        staged: [],
        argv: tryExports(farm),
        input: own.after,
        judge: (output) => judgeExports(output, expected),
      },
    ],
    reloads: [{ why: 'export the roots', argv: farm.services.nfs.export }],
    probes: [...probes(farm), ...goneProbe(farm, new Set(former))],
    warnings,
  }
}

function probes(farm: Farm): Probe[] {
  return [
    {
      why: 'every root is exported',
      patience: 2000,
      look: async (nas) => {
        const missing = missingFrom(await readLive(nas, farm), wantedExports(farm))[0]
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
        const still = (await readLive(nas, farm)).find((entry) => former.has(keyOf(entry)))
        return still && `${still.path} is still exported to ${still.client}`
      },
    },
  ]
}

async function readLive(nas: Reader, farm: Farm): Promise<EtabEntry[]> {
  const etab = await nas.read(join(farm.paths.nfs_state, 'etab'))
  return etab?.kind === 'file' ? parseEtab(etab.text) : []
}

function pathsIn(text: string): string[] {
  return parseExports(text).map((one) => one.path)
}
