import { crc32 } from 'node:zlib'
import { UserError } from '../errors.ts'

/** A partition of a disk image. Both in bytes. */
export interface Partition {
  readonly offset: number
  readonly size: number
}

type ReadBytes = (offset: number, length: number) => Promise<Buffer>

const sector = 512
/** The type in an MBR that says: the real table is a GPT. */
const protective = 0xee
/** The UEFI standard's own number; a table that claims more is not one of ours. */
const mostEntries = 128

/** The partitions of an image in the order of its table, MBR or GPT. */
export async function readPartitions(
  read: ReadBytes,
  imageSize: number,
): Promise<readonly Partition[]> {
  const mbr = await read(0, sector)
  if (mbr.length < sector || mbr.readUInt16LE(510) !== 0xaa55)
    throw new UserError('there is no partition table in the image', {
      hint: 'it has to be the image of a whole card, as Raspberry Pi OS is published',
    })
  const entries = [0, 1, 2, 3].map((index) => mbrEntry(mbr, 446 + 16 * index))
  const found = entries.some(({ type }) => type === protective) ? await readGpt(read) : entries
  const used = found.filter(({ type, size }) => type !== 0 && size > 0)
  for (const { offset, size } of used)
    if (offset + size > imageSize)
      throw new UserError('the image ends before its last partition does', {
        hint: 'it was not copied whole: fetch it again and compare its sha256',
      })
  refuseOverlap(used)
  return used
}

/** No tool makes such a table: one of the two would be read as what the other has written. */
function refuseOverlap(partitions: readonly Partition[]): void {
  let end = 0
  for (const { offset, size } of partitions.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw damaged('two of its partitions overlap')
    end = offset + size
  }
}

function damaged(why: string): UserError {
  return new UserError(`the partition table of the image is damaged: ${why}`, {
    hint: 'fetch the image again and compare its sha256',
  })
}

interface TableEntry extends Partition {
  /** 0: the entry is not used. */
  readonly type: number
}

function mbrEntry(table: Buffer, at: number): TableEntry {
  return {
    type: table.readUInt8(at + 4),
    offset: table.readUInt32LE(at + 8) * sector,
    size: table.readUInt32LE(at + 12) * sector,
  }
}

async function readGpt(read: ReadBytes): Promise<TableEntry[]> {
  const header = await read(sector, sector)
  if (header.toString('latin1', 0, 8) !== 'EFI PART') throw damaged('it has no GPT header')
  const headerLength = header.readUInt32LE(12)
  if (headerLength < 92 || headerLength > sector || sumOfHeader(header) !== header.readUInt32LE(16))
    throw damaged('the checksum of its header is wrong')
  const start = Number(header.readBigUInt64LE(72)) * sector
  const count = header.readUInt32LE(80)
  const length = header.readUInt32LE(84)
  if (count > mostEntries || length < 128 || length > 4096)
    throw damaged('its entries are of no size')
  const table = await read(start, count * length)
  if (table.length < count * length || crc32(table) !== header.readUInt32LE(88))
    throw damaged('the checksum of its entries is wrong')
  return Array.from({ length: count }, (_, index) => gptEntry(table, index * length))
}

/** Its own field counts as zero. */
function sumOfHeader(header: Buffer): number {
  const bytes = Buffer.from(header.subarray(0, header.readUInt32LE(12)))
  bytes.writeUInt32LE(0, 16)
  return crc32(bytes)
}

function gptEntry(table: Buffer, at: number): TableEntry {
  const first = Number(table.readBigUInt64LE(at + 32))
  const last = Number(table.readBigUInt64LE(at + 40))
  const isUsed = table.subarray(at, at + 16).some((byte) => byte !== 0)
  return {
    type: isUsed ? 1 : 0,
    offset: first * sector,
    size: (last - first + 1) * sector,
  }
}

/** What a partition holds, judged by its content: the type in the table is often wrong. */
export type FileSystem = 'fat' | 'ext' | 'other'

export async function fileSystemOf(read: ReadBytes, { offset }: Partition): Promise<FileSystem> {
  const start = await read(offset, 2048)
  if (start.length < 2048) return 'other'
  if (start.readUInt16LE(1024 + 56) === 0xef53) return 'ext'
  const kinds = [start.toString('latin1', 54, 59), start.toString('latin1', 82, 87)]
  return kinds.some((kind) => /^FAT(?:12|16|32)$/.test(kind)) ? 'fat' : 'other'
}

/** What the superblock of an ext filesystem says. */
export interface ExtFacts {
  readonly bytesUsed: number
  /** It was in use when it was copied: what its journal holds is not yet in its place. */
  readonly hasJournalToReplay: boolean
}

const needsRecovery = 0x4

export async function extFacts(read: ReadBytes, { offset }: Partition): Promise<ExtFacts> {
  const superblock = await read(offset + 1024, 1024)
  const blocks = Math.max(0, superblock.readUInt32LE(4) - superblock.readUInt32LE(12))
  return {
    bytesUsed: blocks * 1024 * 2 ** Math.min(6, superblock.readUInt32LE(24)),
    hasJournalToReplay: (superblock.readUInt32LE(96) & needsRecovery) !== 0,
  }
}
