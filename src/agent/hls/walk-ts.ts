import { type AccessUnit, readAccessUnit } from './access-unit.ts'

/** One picture or sound frame group: what one PES packet carries. */
export interface Pes {
  /** In 1/90000 s, from 0 on for 26 hours; undefined where the packet has none. */
  readonly pts: number | undefined
  /** Where its first packet begins, and where its last one ends. */
  readonly from: number
  readonly to: number
}

export interface Picture extends Pes {
  readonly unit: AccessUnit
}

export interface TsSegment {
  readonly problems: readonly string[]
  readonly pictures: readonly Picture[]
  readonly sounds: readonly Pes[]
  /** Of the first ADTS frame, e.g. `mp4a.40.2`. */
  readonly audioCodec: string | undefined
  /** Where the PAT before each picture begins, for byte ranges of I-frames. */
  readonly patBefore: readonly number[]
  /** The continuity counter of the last packet of each PID, by PID. */
  readonly counters: ReadonlyMap<number, number>
}

const packetSize = 188
/** Enough for AUD, SPS, PPS, SEI and the first slice's header. */
const headBytes = 4096
const [patPid, h264, aac] = [0, 0x1b, 0x0f]

interface Open {
  readonly pid: number
  readonly from: number
  readonly patAt: number
  to: number
  readonly head: Uint8Array
  /** Of `head`, as far as it was read. */
  length: number
}

/**
 * Reads one MPEG-TS segment packet by packet (ISO 13818-1). `before`: the counters at the end of the
 * segment before it, whose sequence a player expects to go on.
 */
export function walkTs(bytes: Uint8Array, before?: ReadonlyMap<number, number>): TsSegment {
  const problems: string[] = []
  const pictures: Picture[] = []
  const sounds: Pes[] = []
  const patBefore: number[] = []
  const counters = new Map(before)
  const open = new Map<number, Open>()
  // One a stream, for all its pictures: a film has more packets than anything else here.
  const heads = new Map<number, Uint8Array>()
  let pmtPid: number | undefined
  let streams = new Map<number, number>()
  let audioCodec: string | undefined
  let patAt = 0

  function close(pes: Open): void {
    const { pts, payload } = readPes(pes.head.subarray(0, pes.length))
    const { from, to } = pes
    if (streams.get(pes.pid) === h264) {
      patBefore.push(pes.patAt)
      pictures.push({ pts, from, to, unit: readAccessUnit(payload) })
    } else {
      sounds.push({ pts, from, to })
      audioCodec ??= adtsCodec(payload)
    }
  }

  if (bytes.length === 0) problems.push('is empty')
  if (bytes.length % packetSize !== 0)
    problems.push(`is cut off: ${bytes.length} bytes are no whole number of packets`)
  for (let at = 0; at + packetSize <= bytes.length; at += packetSize) {
    if (bytes[at] !== 0x47) {
      problems.push(`has no sync byte at ${at}`)
      break
    }
    const flags = bytes[at + 1] ?? 0
    const pid = ((flags & 31) << 8) | (bytes[at + 2] ?? 0)
    const starts = (flags & 64) !== 0
    if ((flags & 128) !== 0) problems.push(`has a packet marked as damaged at ${at}`)
    const from = payloadAt(bytes, at)
    if (from === undefined || pid === 0x1fff) continue
    const to = at + packetSize
    const counter = (bytes[at + 3] ?? 0) & 15
    const last = counters.get(pid)
    if (last !== undefined && counter !== ((last + 1) & 15))
      problems.push(`has a gap at ${at}: packet ${counter} of PID ${pid} follows ${last}`)
    counters.set(pid, counter)
    if (pid === patPid && starts) {
      patAt = at
      pmtPid = readPat(bytes.subarray(from, to)) ?? pmtPid
    } else if (pid === pmtPid && starts) streams = readPmt(bytes.subarray(from, to))
    else if (streams.has(pid)) {
      let pes = open.get(pid)
      if (starts) {
        if (pes !== undefined) close(pes)
        const head = heads.get(pid) ?? new Uint8Array(headBytes)
        heads.set(pid, head)
        pes = { pid, from: at, patAt: Math.max(patAt, 0), to, head, length: 0 }
        open.set(pid, pes)
      }
      if (pes !== undefined) append(pes, bytes, from, to)
    }
    if (problems.length > 20) break
  }
  for (const pes of open.values()) close(pes)
  if (bytes.length > 0 && streams.size === 0) problems.push('names no streams (no PAT and PMT)')
  return { problems, pictures, sounds, audioCodec, patBefore, counters }
}

/** Byte by byte: views of so few cost more than that. */
function append(pes: Open, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to && pes.length < headBytes; at++)
    pes.head[pes.length++] = bytes[at] ?? 0
  pes.to = to
}

/** Where the payload of the packet at `at` begins; undefined where it has none. */
function payloadAt(bytes: Uint8Array, at: number): number | undefined {
  const control = ((bytes[at + 3] ?? 0) >> 4) & 3
  if ((control & 1) === 0) return undefined
  const from = control === 3 ? 5 + (bytes[at + 4] ?? 0) : 4
  return from < packetSize ? at + from : undefined
}

/** The PID of the first programme's map. */
function readPat(payload: Uint8Array): number | undefined {
  const section = sectionOf(payload)
  for (let at = 8; at + 4 <= section.length - 4; at += 4)
    if (u16(section, at) !== 0) return u16(section, at + 2) & 0x1fff
  return undefined
}

/** stream_type by PID, of those that are read. */
function readPmt(payload: Uint8Array): Map<number, number> {
  const section = sectionOf(payload)
  const streams = new Map<number, number>()
  let at = 12 + (u16(section, 10) & 0xfff)
  while (at + 5 <= section.length - 4) {
    const type = section[at] ?? 0
    if (type === h264 || type === aac) streams.set(u16(section, at + 1) & 0x1fff, type)
    at += 5 + (u16(section, at + 3) & 0xfff)
  }
  return streams
}

function sectionOf(payload: Uint8Array): Uint8Array {
  const from = 1 + (payload[0] ?? 0)
  const length = 3 + (u16(payload, from + 1) & 0xfff)
  return payload.subarray(from, from + length)
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

function readPes(head: Uint8Array): { pts: number | undefined; payload: Uint8Array } {
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== 1) return { pts: undefined, payload: head }
  const payload = head.subarray(9 + (head[8] ?? 0))
  if (((head[7] ?? 0) & 128) === 0) return { pts: undefined, payload }
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = head.subarray(9, 14)
  // 33 bits: too many for the bit operators.
  const pts = ((a >> 1) & 7) * 2 ** 30 + (b << 22) + ((c >> 1) << 15) + (d << 7) + (e >> 1)
  return { pts, payload }
}

function adtsCodec(payload: Uint8Array): string | undefined {
  if (payload[0] !== 0xff || ((payload[1] ?? 0) & 0xf6) !== 0xf0) return undefined
  return `mp4a.40.${((payload[2] ?? 0) >> 6) + 1}`
}
