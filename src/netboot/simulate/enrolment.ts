import type { Farm, Pi } from '../../farm/farm.ts'
import type { Board } from '../boot-client/boot-report.ts'

/** What the farm knows of the board that is played. */
export type Enrolment =
  | { readonly kind: 'member'; readonly pi: Pi }
  /** `namesake`: who has its serial, and another MAC. */
  | { readonly kind: 'stranger'; readonly namesake?: Pi | undefined }
  /** There is no farm.yaml here. */
  | { readonly kind: 'unknown' }

export function enrolmentOf(farm: Farm | undefined, { mac, serial }: Board): Enrolment {
  if (farm === undefined) return { kind: 'unknown' }
  const pi = farm.pis.find((one) => one.mac === mac)
  if (pi !== undefined) return { kind: 'member', pi }
  return { kind: 'stranger', namesake: farm.pis.find((one) => one.serial === serial) }
}
