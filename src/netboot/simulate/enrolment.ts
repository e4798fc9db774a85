import type { Farm, Pi } from '../../farm/farm.ts'
import type { Mac } from '../../farm/schema.ts'

/** What the farm knows of the board that is played. */
export type Enrolment =
  | { readonly kind: 'member'; readonly pi: Pi }
  | { readonly kind: 'stranger' }
  /** There is no farm.yaml here. */
  | { readonly kind: 'unknown' }

export function enrolmentOf(farm: Farm | undefined, mac: Mac): Enrolment {
  if (farm === undefined) return { kind: 'unknown' }
  const pi = farm.pis.find((one) => one.mac === mac)
  return pi === undefined ? { kind: 'stranger' } : { kind: 'member', pi }
}
