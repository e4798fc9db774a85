import { parseSps, type Sps } from './sps.ts'

/** What an initialisation section says of one track (ISO 14496-12). */
export interface Mp4Track {
  readonly id: number
  readonly timescale: number
  readonly kind: 'video' | 'audio'
  /** As CODECS has it. */
  readonly codec: string | undefined
  readonly sps: Sps | undefined
}

/** The samples of one track in one segment. */
export interface Mp4Run {
  readonly track: number
  /** In units of the track's timescale. */
  readonly start: number
  readonly duration: number
  /** When the first sample is shown: decoding time and offset. */
  readonly firstShown: number
  readonly samples: number
  /** Those that need no other, by their place. */
  readonly syncs: readonly number[]
}

interface Box {
  readonly type: string
  readonly body: Buffer
}

export function readInit(bytes: Buffer): readonly Mp4Track[] {
  return all(bytes, 'moov', 'trak').flatMap((trak): readonly Mp4Track[] => {
    const handler = first(trak, 'mdia', 'hdlr')?.toString('latin1', 8, 12)
    const header = first(trak, 'mdia', 'mdhd')
    const entry = first(trak, 'mdia', 'minf', 'stbl', 'stsd')?.subarray(8)
    const id = first(trak, 'tkhd')
    if (header === undefined || entry === undefined || id === undefined) return []
    const wide = header.readUInt8(0) === 1
    const common = {
      id: id.readUInt32BE(id.readUInt8(0) === 1 ? 20 : 12),
      timescale: header.readUInt32BE(wide ? 20 : 12),
    }
    if (handler === 'vide') return [{ ...common, kind: 'video', ...videoEntry(entry) }]
    if (handler === 'soun')
      return [{ ...common, kind: 'audio', codec: audioCodec(entry), sps: undefined }]
    return []
  })
}

function videoEntry(entry: Buffer): { codec: string | undefined; sps: Sps | undefined } {
  const box = boxesOf(entry)[0]
  const config = box === undefined ? undefined : first(box.body.subarray(78), 'avcC')
  if (config === undefined || config.length < 8) return { codec: undefined, sps: undefined }
  const sps = parseSps(config.subarray(8, 8 + config.readUInt16BE(6)))
  return { codec: sps?.codec, sps }
}

/** The object type sits in the decoder's specific configuration, tag 5 of the esds. */
function audioCodec(entry: Buffer): string | undefined {
  const box = boxesOf(entry)[0]
  const config = box === undefined ? undefined : first(box.body.subarray(28), 'esds')
  if (config === undefined) return undefined
  for (let at = 4; at + 2 < config.length; ) {
    const tag = config[at++]
    while (((config[at] ?? 0) & 128) !== 0) at++
    at++
    if (tag === 5) return `mp4a.40.${(config[at] ?? 0) >> 3}`
    at += tag === 3 ? 3 : tag === 4 ? 13 : config.length
  }
  return undefined
}

/** Empty where the bytes are no whole media segment. */
export function readFragments(bytes: Buffer): readonly Mp4Run[] {
  return all(bytes, 'moof').flatMap((moof) =>
    all(moof, 'traf').flatMap((traf): readonly Mp4Run[] => {
      const header = first(traf, 'tfhd')
      const time = first(traf, 'tfdt')
      if (header === undefined || time === undefined) return []
      const start = time.readUInt8(0) === 1 ? Number(time.readBigUInt64BE(4)) : time.readUInt32BE(4)
      const defaults = readDefaults(header)
      const runs = all(traf, 'trun').map((trun) => readRun(trun, defaults))
      const samples = runs.flat()
      return [
        {
          track: header.readUInt32BE(4),
          start,
          duration: samples.reduce((total, each) => total + each.duration, 0),
          firstShown: start + (samples[0]?.offset ?? 0),
          samples: samples.length,
          syncs: samples.flatMap((each, index) => (each.isSync ? [index] : [])),
        },
      ]
    }),
  )
}

/** Whether the boxes end where the bytes end, as they do not in a file that was cut off. */
export function isWholeMp4(bytes: Buffer): boolean {
  let at = 0
  while (at + 8 <= bytes.length) {
    const size = bytes.readUInt32BE(at)
    if (size < 8) return false
    at += size
  }
  return at === bytes.length && bytes.length > 0
}

interface Sample {
  readonly duration: number
  readonly offset: number
  readonly isSync: boolean
}
interface Defaults {
  readonly duration: number
  readonly flags: number
}

function readDefaults(tfhd: Buffer): Defaults {
  const flags = tfhd.readUInt32BE(0) & 0xffffff
  let at = 8
  const take = (flag: number, size: number) => {
    if ((flags & flag) === 0) return undefined
    at += size
    return size === 4 ? tfhd.readUInt32BE(at - 4) : undefined
  }
  take(1, 8)
  take(2, 4)
  const duration = take(8, 4) ?? 0
  take(16, 4)
  return { duration, flags: take(32, 4) ?? 0 }
}

function readRun(trun: Buffer, defaults: Defaults): readonly Sample[] {
  const flags = trun.readUInt32BE(0) & 0xffffff
  const count = trun.readUInt32BE(4)
  let at = 8 + ((flags & 1) === 0 ? 0 : 4)
  const firstFlags = (flags & 4) === 0 ? undefined : trun.readUInt32BE(at)
  if (firstFlags !== undefined) at += 4
  const take = (flag: number) => {
    if ((flags & flag) === 0) return undefined
    at += 4
    return trun.readUInt32BE(at - 4)
  }
  const samples: Sample[] = []
  for (let index = 0; index < count; index++) {
    const duration = take(0x100) ?? defaults.duration
    take(0x200)
    const own = take(0x400)
    const sampleFlags = own ?? (index === 0 ? firstFlags : undefined) ?? defaults.flags
    const offset = take(0x800) ?? 0
    // sample_is_non_sync_sample
    samples.push({ duration, offset: offset | 0, isSync: (sampleFlags & 0x10000) === 0 })
  }
  return samples
}

function boxesOf(bytes: Buffer): readonly Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > bytes.length) break
    const type = bytes.toString('latin1', at + 4, at + 8)
    boxes.push({ type, body: bytes.subarray(at + 8, at + size) })
    at += size
  }
  return boxes
}

/** The bodies of all boxes at a path. */
function all(bytes: Buffer, ...[type, ...rest]: readonly string[]): readonly Buffer[] {
  if (type === undefined) return [bytes]
  return boxesOf(bytes)
    .filter((box) => box.type === type)
    .flatMap((box) => all(box.body, ...rest))
}

function first(bytes: Buffer, ...path: readonly string[]): Buffer | undefined {
  return all(bytes, ...path)[0]
}
