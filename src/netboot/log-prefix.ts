import * as z from 'zod'

/** A log line taken apart: which program said what, and when. */
export interface LogMessage {
  /** The syslog identifier, e.g. `in.tftpd`. */
  readonly program: string
  readonly body: string
  /** Milliseconds since 1970; undefined for the classic stamp, which has no year. */
  readonly time: number | undefined
}

/** Longer lines are no daemon's; a 4 KiB file name as journald's array of bytes is below 20 KiB. */
const longestLine = 65_536

const classicStamp = '[A-Z][a-z]{2} [ \\d]\\d \\d{2}:\\d{2}:\\d{2}'
const isoStamp = '\\d{4}-\\d{2}-\\d{2}T\\S+'
/**
 * A host name has no colon: or else the program's own name could be taken for one. In a file of its
 * own atftpd puts its thread behind the pid: `atftpd[16801.139712345]`.
 */
const syslogLine = new RegExp(
  `^(?:<\\d{1,3}>)?(?:(?:${classicStamp}|(${isoStamp})) (?:[\\w.-]+ )?)?([\\w./-]{1,64})(?:\\[\\d+(?:\\.\\d+)?\\])?: (.*)$`,
  's',
)
const rfc5424Line =
  /^<\d{1,3}>1 (\S+) \S+ ([\w./-]{1,64}) \S+ \S+ (?:-|(?:\[[^\]]*\])+) (?:\ufeff)?(.*)$/s

const journalLine = z.looseObject({
  SYSLOG_IDENTIFIER: z.string(),
  // journald writes an array of bytes where a message is not printable UTF-8.
  MESSAGE: z.union([
    z.string(),
    z.array(z.int().min(0).max(255)).transform((bytes) => Buffer.from(bytes).toString('utf8')),
  ]),
  /** Microseconds since 1970. */
  __REALTIME_TIMESTAMP: z
    .string()
    .regex(/^\d{1,17}$/)
    .optional(),
})

/**
 * Takes a line apart: classic syslog, ISO stamps, RFC 5424, as programs write to /dev/log, or one
 * line of `journalctl -o json`. Undefined for anything else. The program is only ever read from the
 * front of the line, for what follows may be a file name of a stranger's choosing.
 */
export function splitLogLine(line: string): LogMessage | undefined {
  if (line.length > longestLine) return undefined
  if (line.startsWith('{')) return splitJournalLine(line)
  if (/^<\d{1,3}>1 /.test(line)) {
    const [, stamp, program, body] = rfc5424Line.exec(line) ?? []
    return message(program, body, stamp)
  }
  const [, stamp, program, body] = syslogLine.exec(line) ?? []
  return message(program, body, stamp)
}

function message(
  program: string | undefined,
  body: string | undefined,
  stamp: string | undefined,
): LogMessage | undefined {
  if (program === undefined || body === undefined) return undefined
  return { program, body, time: stamp === undefined ? undefined : timeOf(stamp) }
}

/** The time of a classic stamp at the front of a line: the latest such moment that is not to come. */
export function classicTime(line: string, now: Date): number | undefined {
  const stamp = new RegExp(`^(?:<\\d{1,3}>)?(${classicStamp}) `).exec(line)?.[1]
  if (stamp === undefined) return undefined
  const day = 86_400_000
  const times = [now.getFullYear(), now.getFullYear() - 1].map((year) =>
    Date.parse(`${stamp.slice(0, 6)} ${year} ${stamp.slice(7)}`),
  )
  return times.find((time) => time <= now.getTime() + day)
}

function timeOf(stamp: string): number | undefined {
  // `journalctl -o short-iso` writes the zone without a colon, which Date does not have to take.
  const time = Date.parse(stamp.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(time) ? undefined : time
}

function splitJournalLine(line: string): LogMessage | undefined {
  const entry = journalLine.safeParse(parseJson(line))
  if (!entry.success) return undefined
  const { SYSLOG_IDENTIFIER, MESSAGE, __REALTIME_TIMESTAMP } = entry.data
  const time =
    __REALTIME_TIMESTAMP === undefined ? undefined : Math.floor(Number(__REALTIME_TIMESTAMP) / 1000)
  return { program: SYSLOG_IDENTIFIER, body: MESSAGE, time }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
