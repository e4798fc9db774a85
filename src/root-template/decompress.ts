/** How a file is packed. */
export type Packing = 'none' | 'xz' | 'gz' | 'zst' | 'bz2' | 'zip'

const beginnings: readonly (readonly [Packing, Buffer])[] = [
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['gz', Buffer.from([0x1f, 0x8b])],
  ['zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['bz2', Buffer.from('BZh')],
  ['zip', Buffer.from([0x50, 0x4b, 0x03, 0x04])],
]

/** Judged by its first bytes: a name says what somebody thought it was. */
export function packingOf(start: Buffer): Packing {
  const found = beginnings.find(([, bytes]) => start.subarray(0, bytes.length).equals(bytes))
  return found?.[0] ?? 'none'
}

export const unpackTool: Readonly<Record<Packing, string | undefined>> = {
  none: undefined,
  xz: 'xz',
  gz: 'gzip',
  zst: 'zstd',
  bz2: 'bzip2',
  zip: 'unzip',
}

/** Unpacks stdin to stdout. A zip can only be read by its name: see from-image.ts. */
export const unpackArgv: Readonly<Record<Exclude<Packing, 'none' | 'zip'>, readonly string[]>> = {
  xz: ['xz', '-dc', '-T0'],
  gz: ['gzip', '-dc'],
  zst: ['zstd', '-dc', '--sparse', '--long=31'],
  bz2: ['bzip2', '-dc'],
}
