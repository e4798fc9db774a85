import type { Farm } from '../../farm/farm.ts'
import type { Ipv4 } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { checkExport } from './check-export.ts'
import { checkMount } from './check-mount.ts'
import { checkNfsRoot } from './check-nfs-root.ts'
import { checkRoot } from './check-root.ts'
import { type Findings, inOrder, joined, noFindings } from './fault.ts'
import { judgeBoot } from './judge-boot.ts'
import { nfsTarget } from './nfs-root.ts'
import { checkServed } from './served-files.ts'

/** From where the boot is played: on the NAS, which can look at its own files, or in the Pi's place. */
export type Place =
  | { readonly kind: 'nas'; readonly farm: Farm; readonly nas: Reader }
  | { readonly kind: 'elsewhere' }

/**
 * Whether the Pi of this walk would boot: the walk judged, and what comes behind it looked at, from
 * the files that were served to the modules in the root. `expected`: its address in the farm.
 */
export async function simulate(
  place: Place,
  report: BootReport,
  expected: Ipv4 | undefined,
): Promise<Findings> {
  const served =
    place.kind === 'nas'
      ? await checkServed(place.nas, place.farm.paths.tftp, report)
      : { ...noFindings, skipped: ['the files on the disk: this is not the NAS'] }
  const walked = { ...noFindings, faults: judgeBoot(report, expected), warnings: report.warnings }
  const behind = report.stopped === undefined ? await checkBehind(place, report) : noFindings
  // What explains a file's absence goes before the absence itself.
  const all = joined(served, walked, behind)
  return { ...all, faults: inOrder(all.faults) }
}

async function checkBehind(place: Place, report: BootReport): Promise<Findings> {
  const target = nfsTarget(report)
  if ('what' in target) return { ...noFindings, faults: [target] }
  const { address } = report
  if (address === undefined) return noFindings
  if (place.kind === 'elsewhere') {
    const { findings, mounted } = await checkMount(target, address)
    if (mounted === undefined) return findings
    return joined(findings, await checkNfsRoot(target, address, mounted, report))
  }
  if (target.server !== place.farm.nas.address)
    return {
      ...noFindings,
      skipped: [`the root on ${target.server}: this NAS is ${place.farm.nas.address}`],
    }
  return joined(
    await checkExport(place.nas, place.farm, target, address),
    await checkRoot(place.nas, target.path, report),
  )
}
