/** Something that keeps a Pi from booting, in the order in which a Pi would meet them. */
export interface Fault {
  readonly stage: 'dhcp' | 'tftp' | 'kernel' | 'mount' | 'root'
  /** What is wrong, fit to be shown. */
  readonly what: string
  /** What to do about it. */
  readonly cure: string
  /** Nothing was found wrong: it could not be looked at, and a Pi needs it. */
  readonly isUnproven?: true
}

/** What the checks behind the wire found out. */
export interface Findings {
  readonly faults: readonly Fault[]
  /** What would be missed though the Pi boots, one line each. */
  readonly warnings: readonly string[]
  /** What was looked at and is right, one line each. */
  readonly checked: readonly string[]
  /** What could not be looked at, and why, one line each. */
  readonly skipped: readonly string[]
}

export const noFindings: Findings = { faults: [], warnings: [], checked: [], skipped: [] }

export function joined(...parts: readonly Findings[]): Findings {
  return {
    faults: parts.flatMap(({ faults }) => faults),
    warnings: parts.flatMap(({ warnings }) => warnings),
    checked: parts.flatMap(({ checked }) => checked),
    skipped: parts.flatMap(({ skipped }) => skipped),
  }
}

const order = ['dhcp', 'tftp', 'kernel', 'mount', 'root'] as const

/** In the order in which a Pi would meet them. */
export function inOrder(faults: readonly Fault[]): Fault[] {
  return faults.toSorted((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage))
}
