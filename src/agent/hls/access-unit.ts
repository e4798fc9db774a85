import { parseSps, type Sps } from './sps.ts'

/** What matters of one coded picture. */
export interface AccessUnit {
  /** nal_unit_type of each NAL unit up to the first slice: 9 7 8 5 is how a segment should begin. */
  readonly types: readonly number[]
  readonly sps: Sps | undefined
}

const firstSlice = 1
const idrSlice = 5

/** `bytes` in Annex B, as MPEG-TS carries it; it may be cut off after the first slice's header. */
export function readAccessUnit(bytes: Uint8Array): AccessUnit {
  const types: number[] = []
  let sps: Sps | undefined
  for (let at = startCode(bytes, 0); at < bytes.length; ) {
    const type = (bytes[at] ?? 0) & 31
    types.push(type)
    if (type >= firstSlice && type <= idrSlice) break
    const next = startCode(bytes, at)
    if (type === 7) sps = parseSps(bytes.subarray(at, next)) ?? sps
    at = next
  }
  return { types, sps }
}

/** An IDR that needs nothing from before it: nothing but IDRs may begin a segment. */
export function standsAlone(unit: AccessUnit): boolean {
  return unit.types.at(-1) === idrSlice && unit.types.includes(7) && unit.types.includes(8)
}

/** Where the NAL unit after the next 00 00 01 begins; the length where there is none. */
function startCode(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 2 < bytes.length; at++)
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) return at + 3
  return bytes.length
}
