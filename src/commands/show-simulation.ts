import type { BootReport, TimelineEntry } from '../netboot/boot-client/boot-report.ts'
import type { Findings } from '../netboot/simulate/fault.ts'

/** One step of the boot: seconds since power on, who asks, what, and what came. */
export function showStep({ t, stage, asked, answer }: TimelineEntry): string {
  const time = (t / 1000).toFixed(3).padStart(8)
  return `${time}  ${stage.padEnd(8)}  ${asked}  ->  ${answer}`
}

/** What is said below the timeline: where the Pi would stop and the cure, or that it boots. */
export function showSimulation(report: BootReport, found: Findings): string {
  const [first, ...others] = found.faults
  const version = report.image?.version === undefined ? '' : ` ${report.image.version}`
  const verdict =
    first === undefined
      ? [`boots ${report.kernel}${version} with: ${report.cmdline?.text}`]
      : [
          `${first.isUnproven ? 'not proven' : 'stops'} (${first.stage}): ${first.what}`,
          `  cure: ${first.cure}`,
          ...others.flatMap(({ stage, what, cure }) => [
            `also (${stage}): ${what}`,
            `  cure: ${cure}`,
          ]),
        ]
  return [
    ...found.checked.map((line) => `ok: ${line}`),
    ...found.warnings.map((line) => `warning: ${line}`),
    ...found.skipped.map((line) => `skipped: ${line}`),
    ...verdict,
  ].join('\n')
}
