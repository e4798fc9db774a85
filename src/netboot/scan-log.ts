import { setImmediate as turn } from 'node:timers/promises'
import type { Ipv4, Mac } from '../farm/schema.ts'
import type { Reader } from '../host/host.ts'
import { type BootEvent, isFrom, parseLogLine } from './boot-log.ts'
import { type Finding, SerialFinder } from './find-serials.ts'
import { classicTime, splitLogLine } from './log-prefix.ts'
import { forgetOldest } from './remember.ts'
import { mayReveal } from './tftp-lines.ts'

export interface Scan {
  /** Nothing older than this; undefined: the whole file. */
  readonly since: Date | undefined
  /** Boards known beforehand, which are paired by their digits. */
  readonly expected: readonly Mac[]
  /** The NAS's own address, from which no board asks. */
  readonly own?: Ipv4 | undefined
  readonly now: Date
  /** Ends the reading. */
  readonly until: AbortSignal
  /** Called where the files begin later than `since`. */
  readonly ranOut?: () => void
}

const pieceSize = 1024 * 1024

/**
 * Reads a log from its end, the newest of its files first: the newest finding comes first and at
 * once, whatever their size, and each board once. A DHCP line is looked for in the piece of its
 * TFTP request and the one before. A board is told again after thousands of others.
 */
export async function* scanLog(
  nas: Reader,
  files: readonly string[],
  scan: Scan,
): AsyncGenerator<Finding> {
  const told = new Set<string>()
  let newer: readonly BootEvent[] = []
  for await (const older of revealingEvents(piecesBack(nas, files, scan), scan.now)) {
    yield* newOnes(findings(older, newer, scan.expected), told)
    newer = older
  }
  yield* newOnes(findings([], newer, scan.expected), told)
}

/** What the events of one piece reveal, the newest first; those before it only lead to MACs. */
function findings(
  before: readonly BootEvent[],
  events: readonly BootEvent[],
  expected: readonly Mac[],
): Finding[] {
  if (!events.some(({ kind }) => kind === 'tftp')) return []
  const finder = new SerialFinder(expected)
  for (const event of before) if (event.kind === 'dhcp') finder.feed(event)
  return events.flatMap((event) => finder.feed(event) ?? []).reverse()
}

function* newOnes(found: readonly Finding[], told: Set<string>): Generator<Finding> {
  for (const finding of found) {
    const key = finding.serial ?? finding.mac ?? ''
    if (told.has(key)) continue
    told.add(key)
    forgetOldest(told)
    yield finding
  }
}

/**
 * What boards asked DHCP and TFTP for, piece by piece: slower than `scanLog`, since nearly every
 * line of these two is read.
 */
export async function* scanRequests(
  nas: Reader,
  files: readonly string[],
  scan: Scan,
): AsyncGenerator<BootEvent> {
  for await (const { bytes, isWanted } of piecesBack(nas, files, scan)) {
    for (const word of ['tftp', 'DHCP'])
      for (const { event } of eventsWith(word, bytes, scan.now, () => true))
        if (isWanted(event)) yield event
  }
}

/** The events of each piece in their own order, the newest piece first. */
async function* revealingEvents(
  pieces: AsyncIterable<Piece>,
  now: Date,
): AsyncGenerator<BootEvent[]> {
  let needsDhcp = false
  for await (const { bytes, isWanted } of pieces) {
    const requests = eventsWith('tftp', bytes, now, mayReveal)
    // Most pieces of a busy machine's log hold nothing of a boot, and are searched for one word only.
    const offers =
      requests.length > 0 || needsDhcp ? eventsWith('DHCP', bytes, now, mayBeOffer) : []
    needsDhcp = requests.length > 0
    yield [...requests, ...offers]
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event)
      .filter(isWanted)
  }
}

interface Piece {
  readonly bytes: Buffer
  /** Whether it is not older than was asked for. */
  readonly isWanted: (event: BootEvent) => boolean
}

/** The pieces that may hold what is not older than `since`, the newest first. */
async function* piecesBack(
  nas: Reader,
  files: readonly string[],
  { since, own, now, until, ranOut }: Scan,
): AsyncGenerator<Piece> {
  const start = since?.getTime() ?? Number.NEGATIVE_INFINITY
  const isWanted = (event: BootEvent) =>
    (event.time === undefined || event.time >= start) && !isFrom(own, event)
  for (const file of files) {
    for await (const bytes of nas.readBack(file, pieceSize)) {
      // The pieces are read at once: without a turn of the event loop no Ctrl-C would be heard.
      await turn()
      if (until.aborted) return
      yield { bytes, isWanted }
      if ((timeOfFirst(bytes, now) ?? Number.POSITIVE_INFINITY) < start) return
    }
  }
  ranOut?.()
}

interface Found {
  readonly at: number
  readonly event: BootEvent
}

function eventsWith(
  word: string,
  piece: Buffer,
  now: Date,
  isWorthIt: (line: string) => boolean,
): Found[] {
  const found: Found[] = []
  for (let hit = piece.indexOf(word); hit !== -1; ) {
    const from = piece.lastIndexOf(10, hit) + 1
    const end = piece.indexOf(10, hit)
    const to = end === -1 ? piece.length : end
    const line = piece.toString('utf8', from, Math.min(to, from + 65_536))
    const event = isWorthIt(line) ? parseLogLine(line, now) : undefined
    if (event) found.push({ at: from, event })
    hit = end === -1 ? -1 : piece.indexOf(word, end)
  }
  return found
}

function mayBeOffer(line: string): boolean {
  return line.includes('DHCPOFFER') || line.includes('DHCPACK') || line.includes('DHCPDISCOVER')
}

function timeOfFirst(piece: Buffer, now: Date): number | undefined {
  const end = piece.indexOf(10)
  const line = piece.toString('utf8', 0, Math.min(end === -1 ? piece.length : end, 4096))
  return splitLogLine(line)?.time ?? classicTime(line, now)
}
