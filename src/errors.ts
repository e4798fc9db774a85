/** What the process ends with. Documented in docs/exit-codes.md and at the end of `pifarm --help`. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  putBack: 3,
  needsHands: 4,
  changesPending: 5,
  locked: 6,
  declined: 7,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

interface Details {
  /** What the user can do about it: one line, lower case, no full stop. */
  readonly hint?: string | undefined
  readonly exitCode?: ExitCode | undefined
  readonly cause?: unknown
}

/**
 * Something the user can mend. The message is lower case, has no full stop and holds the offending
 * value; `main.ts` prints it without a stack. Every other error is a bug of ours.
 */
export class UserError extends Error {
  readonly hint: string | undefined
  readonly exitCode: ExitCode

  constructor(message: string, details: Details = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'UserError'
    this.hint = details.hint
    this.exitCode = details.exitCode ?? exitCodes.usage
  }
}

/** A value as it may stand in a message: control characters made visible, cut at 80 characters. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(String(value)).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text
}
