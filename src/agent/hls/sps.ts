/** What the sequence parameter set of an H.264 stream says (ITU-T H.264, 7.3.2.1.1). */
export interface Sps {
  /** As CODECS has it, e.g. `avc1.64001f`. */
  readonly codec: string
  /** In tenths: 31 is level 3.1. */
  readonly level: number
  readonly width: number
  readonly height: number
  readonly interlaced: boolean
  /** Pixel aspect, width by height; 1 where none is given. */
  readonly pixelAspect: number
}

/** Profiles whose SPS goes on with the chroma format. */
const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134]
/** Table E-1: aspect_ratio_idc 1 to 16. */
const aspects = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
] as const

/** `nal` from its header byte on. Undefined where it is no SPS that can be read. */
export function parseSps(nal: Uint8Array): Sps | undefined {
  if (nal.length < 5 || ((nal[0] ?? 0) & 31) !== 7) return undefined
  const codec = `avc1.${[1, 2, 3].map((at) => hex(nal[at])).join('')}`
  try {
    return { codec, level: nal[3] ?? 0, ...readFields(bitsOf(nal)) }
  } catch {
    return undefined
  }
}

function hex(byte = 0): string {
  return byte.toString(16).padStart(2, '0')
}

function readFields(bits: Bits): Omit<Sps, 'codec' | 'level'> {
  bits.skip(8)
  const profile = bits.u(8)
  bits.skip(16)
  bits.ue() // seq_parameter_set_id
  const chroma = highProfiles.includes(profile) ? readChroma(bits) : 1
  bits.ue() // log2_max_frame_num_minus4
  readOrderCount(bits)
  bits.ue() // max_num_ref_frames
  bits.skip(1)
  const columns = bits.ue() + 1
  const rows = bits.ue() + 1
  const interlaced = bits.u(1) === 0
  if (interlaced) bits.skip(1)
  bits.skip(1) // direct_8x8_inference_flag
  const crop = bits.u(1) === 1 ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0]
  const [left = 0, right = 0, top = 0, bottom = 0] = crop
  const stepX = chroma === 1 || chroma === 2 ? 2 : 1
  const stepY = (chroma === 1 ? 2 : 1) * (interlaced ? 2 : 1)
  return {
    width: columns * 16 - (left + right) * stepX,
    height: rows * 16 * (interlaced ? 2 : 1) - (top + bottom) * stepY,
    interlaced,
    pixelAspect: readAspect(bits),
  }
}

function readChroma(bits: Bits): number {
  const chroma = bits.ue()
  if (chroma === 3) bits.skip(1)
  bits.ue()
  bits.ue()
  bits.skip(1)
  const lists = bits.u(1) === 0 ? 0 : chroma === 3 ? 12 : 8
  for (let list = 0; list < lists; list++)
    if (bits.u(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64)
  return chroma
}

function skipScalingList(bits: Bits, size: number): void {
  let last = 8
  let next = 8
  for (let at = 0; at < size; at++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256
    if (next !== 0) last = next
  }
}

function readOrderCount(bits: Bits): void {
  const type = bits.ue()
  if (type === 0) bits.ue()
  if (type !== 1) return
  bits.skip(1)
  bits.se()
  bits.se()
  for (let left = bits.ue(); left > 0; left--) bits.se()
}

function readAspect(bits: Bits): number {
  if (bits.u(1) === 0 || bits.u(1) === 0) return 1
  const id = bits.u(8)
  const [x, y] = id === 255 ? [bits.u(16), bits.u(16)] : (aspects[id - 1] ?? [1, 1])
  return x === 0 || y === 0 ? 1 : x / y
}

interface Bits {
  u(count: number): number
  ue(): number
  se(): number
  skip(count: number): void
}

/** Reads bits and Exp-Golomb codes; throws a RangeError past the end. */
function bitsOf(nal: Uint8Array): Bits {
  const bytes = withoutEmulation(nal)
  let at = 0
  function bit(): number {
    const byte = bytes[at >> 3]
    if (byte === undefined) throw new RangeError('the SPS is too short')
    return (byte >> (7 - (at++ & 7))) & 1
  }
  function u(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) value = value * 2 + bit()
    return value
  }
  function ue(): number {
    let zeros = 0
    while (bit() === 0) if (++zeros > 32) throw new RangeError('no Exp-Golomb code')
    return 2 ** zeros - 1 + u(zeros)
  }
  function se(): number {
    const code = ue()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }
  return { u, ue, se, skip: (count) => void u(count) }
}

/** 00 00 03 stands for 00 00, so that no start code can occur inside. */
function withoutEmulation(nal: Uint8Array): Uint8Array {
  const bytes: number[] = []
  nal.forEach((byte, at) => {
    if (!(byte === 3 && nal[at - 1] === 0 && nal[at - 2] === 0)) bytes.push(byte)
  })
  return Uint8Array.from(bytes)
}
