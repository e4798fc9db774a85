import type { BootReport, TimelineEntry } from '../netboot/boot-client/boot-report.ts'
import type { Fault, Findings } from '../netboot/simulate/fault.ts'

/** One step of the boot: seconds since power on, who asks, what, and what came. */
export function showStep({ t, stage, asked, answer }: TimelineEntry): string {
  const time = (t / 1000).toFixed(3).padStart(8)
  return `${time}  ${stage.padEnd(8)}  ${asked}  ->  ${answer}`
}

/** What is said below the timeline: where the Pi would stop and the cure, or that it boots. */
export function showSimulation(report: BootReport, found: Findings): string {
  const version = report.image?.version === undefined ? '' : ` ${report.image.version}`
  const verdict =
    found.faults.length === 0
      ? [`boots ${report.kernel}${version} with: ${report.cmdline?.text}`]
      : found.faults.flatMap(showFault)
  return [
    ...found.checked.map((line) => `ok: ${line}`),
    ...found.warnings.map((line) => `warning: ${line}`),
    ...found.skipped.map((line) => `skipped: ${line}`),
    ...verdict,
  ].join('\n')
}

function showFault(fault: Fault, at: number, faults: readonly Fault[]): string[] {
  const { stage, what, cure, isUnproven } = fault
  const word =
    at === 0 ? (isUnproven ? 'not proven' : 'stops') : isUnproven ? 'not proven either' : 'also'
  const line = `${word} (${stage}): ${what}`
  // One cure for several faults in a row is read once.
  return cure === faults[at - 1]?.cure ? [line, '  cure: the same'] : [line, `  cure: ${cure}`]
}
