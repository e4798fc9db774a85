import { type Farm, rootOf } from '../../farm/farm.ts'
import type { Ipv4 } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { checkExport } from './check-export.ts'
import { checkMount } from './check-mount.ts'
import { checkNfsRoot } from './check-nfs-root.ts'
import { checkRoot } from './check-root.ts'
import { checkTftpPort } from './check-tftp-port.ts'
import { cmdlineCure } from './cures.ts'
import type { Enrolment } from './enrolment.ts'
import { type Fault, type Findings, inOrder, joined, noFindings } from './fault.ts'
import { judgeBoot } from './judge-boot.ts'
import { checkMountsRoot } from './mounts-root.ts'
import { type NfsTarget, nfsTarget } from './nfs-root.ts'
import { checkServed } from './served-files.ts'

/** From where the boot is played: on the NAS, which can look at its own files, or in the Pi's place. */
export type Place =
  | { readonly kind: 'nas'; readonly farm: Farm; readonly nas: Reader }
  | { readonly kind: 'elsewhere' }

export interface Walked {
  readonly place: Place
  readonly report: BootReport
  readonly enrolment: Enrolment
  /** Whether this machine has the board's address, or could take it for itself. */
  readonly hasAddress: boolean
}

/**
 * Whether the Pi of this walk would boot: the walk judged, and what comes behind it looked at, from
 * the files that were served to the modules in the root. Rejects when the signal fires.
 */
export async function simulate(walked: Walked, signal: AbortSignal): Promise<Findings> {
  const { place, report, enrolment } = walked
  const served =
    place.kind === 'nas'
      ? await checkServed(place.nas, place.farm.paths.tftp, report)
      : { ...noFindings, skipped: ['the files on the disk: this is not the NAS'] }
  const port =
    place.kind === 'nas' && report.stopped?.kind === 'tftp-silence'
      ? await checkTftpPort(place.nas, place.farm, report)
      : noFindings
  const judged = {
    ...noFindings,
    faults: judgeBoot(report, enrolment),
    warnings: report.warnings,
  }
  const behind = report.stopped === undefined ? await checkBehind(walked, signal) : noFindings
  const mounts = report.stopped === undefined ? checkMountsRoot(report) : noFindings
  // What explains a file's absence goes before the absence itself, and a kernel cut off before what it lacks.
  const all = joined(served, port, judged, behind, mounts)
  return { ...all, faults: inOrder(all.faults) }
}

async function checkBehind(walked: Walked, signal: AbortSignal): Promise<Findings> {
  const { report, enrolment } = walked
  const cure = cmdlineCure(report, enrolment)
  const target = nfsTarget(report, cure)
  if ('what' in target) return { ...noFindings, faults: [target] }
  const found = await checkTarget(walked, target, signal)
  const astray = whereAstray(walked, target)
  if (astray === undefined) return found
  // Nothing is wrong with what is served to others: the Pi is sent to the wrong place.
  return {
    ...found,
    warnings: [...found.warnings, astray],
    faults: found.faults.map((fault) => ({ ...fault, cure: `${astray}: ${cure}` })),
  }
}

async function checkTarget(
  { place, report, hasAddress }: Walked,
  target: NfsTarget,
  signal: AbortSignal,
): Promise<Findings> {
  const { address } = report
  if (address === undefined) return noFindings
  if (place.kind === 'elsewhere') {
    if (!hasAddress) return { ...noFindings, faults: [unasked(address)] }
    const { findings, mounted } = await checkMount(target, address, signal)
    if (mounted === undefined) return findings
    return joined(findings, await checkNfsRoot(target, address, mounted, report, signal))
  }
  if (target.server !== place.farm.nas.address)
    return { ...noFindings, faults: [elsewhere(target, place.farm.nas.address)] }
  return joined(
    await checkExport(place.nas, place.farm, target, address, signal),
    await checkRoot(place.nas, target.path, report),
  )
}

/** A Pi that is sent to another server boots, or does not, by what that one has. */
function elsewhere({ server }: NfsTarget, own: Ipv4): Fault {
  return {
    stage: 'mount',
    what: `the root on ${server} was not looked at: this NAS is ${own}`,
    cure: 'from another machine it asks that server itself: --interface',
    isUnproven: true,
  }
}

/** Whatever the servers would say to this machine's own address proves nothing for the Pi's. */
function unasked(address: Ipv4): Fault {
  return {
    stage: 'mount',
    what: `the mount and the root were not looked at: only root can ask as ${address}`,
    cure: 'run it as root with --interface, or on the NAS',
    isUnproven: true,
  }
}

/** Where cmdline.txt leads a Pi of the farm to another root than the farm does. */
function whereAstray(
  { place, enrolment }: Walked,
  { server, path }: NfsTarget,
): string | undefined {
  if (place.kind !== 'nas' || enrolment.kind !== 'member') return undefined
  const own = { server: place.farm.nas.address, path: rootOf(place.farm, enrolment.pi) }
  if (own.server === server && own.path === path) return undefined
  return `cmdline.txt names ${server}:${path}, and the farm has ${own.server}:${own.path}`
}
