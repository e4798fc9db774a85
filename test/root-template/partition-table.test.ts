import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { extFacts, fileSystemOf, readPartitions } from '../../src/root-template/partition-table.ts'

const size = 100 * 1024 * 1024

function disk(length = 64 * 512): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt16LE(0xaa55, 510)
  return bytes
}

function mbrEntry(bytes: Buffer, index: number, type: number, start: number, count: number): void {
  const at = 446 + 16 * index
  bytes.writeUInt8(type, at + 4)
  bytes.writeUInt32LE(start, at + 8)
  bytes.writeUInt32LE(count, at + 12)
}

function gpt(): Buffer {
  const bytes = disk()
  mbrEntry(bytes, 0, 0xee, 1, 0xffffffff)
  bytes.write('EFI PART', 512)
  bytes.writeBigUInt64LE(2n, 512 + 72)
  bytes.writeUInt32LE(4, 512 + 80)
  bytes.writeUInt32LE(128, 512 + 84)
  bytes.fill(0xab, 1024, 1040)
  bytes.writeBigUInt64LE(8192n, 1024 + 32)
  bytes.writeBigUInt64LE(16_383n, 1024 + 40)
  return sealed(bytes)
}

/** With the checksums that its header and its entries have now. */
function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(92, 512 + 12)
  bytes.writeUInt32LE(crc32(bytes.subarray(1024, 1024 + 4 * 128)), 512 + 88)
  bytes.writeUInt32LE(0, 512 + 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(512, 512 + 92)), 512 + 16)
  return bytes
}

const from = (bytes: Buffer) => async (offset: number, length: number) =>
  bytes.subarray(offset, offset + length)

test('an MBR: partitions in bytes, empty entries left out', async () => {
  const bytes = disk()
  mbrEntry(bytes, 0, 0x0c, 8192, 40_960)
  mbrEntry(bytes, 1, 0x83, 49_152, 100_000)
  expect(await readPartitions(from(bytes), size)).toMatchObject([
    { offset: 4_194_304, size: 20_971_520 },
    { offset: 25_165_824, size: 51_200_000 },
  ])
})

test('a GPT behind its protective MBR', async () => {
  expect(await readPartitions(from(gpt()), size)).toMatchObject([
    { offset: 4_194_304, size: 4_194_304 },
  ])
})

function overlapping(): Buffer {
  const bytes = disk()
  mbrEntry(bytes, 0, 0x83, 49_152, 100_000)
  mbrEntry(bytes, 1, 0x0c, 8192, 40_961)
  return bytes
}

describe('a table that is none', () => {
  function broken(change: (bytes: Buffer) => void): Buffer {
    const bytes = gpt()
    change(bytes)
    return bytes
  }
  const lying = (change: (bytes: Buffer) => void) => sealed(broken(change))

  test.each([
    ['nothing', Buffer.alloc(0), 'no partition table'],
    ['zeros', Buffer.alloc(4096), 'no partition table'],
    ['a GPT without its header', broken((b) => b.fill(0, 512, 520)), 'it has no GPT header'],
    ['a GPT of a billion entries', lying((b) => b.writeUInt32LE(1e9, 592)), 'of no size'],
    ['a GPT of entries of a byte', lying((b) => b.writeUInt32LE(1, 596)), 'of no size'],
    [
      'a GPT header with a flipped bit',
      broken((b) => b.fill(1, 560, 561)),
      'of its header is wrong',
    ],
    ['a GPT header of no length', broken((b) => b.writeUInt32LE(0, 524)), 'of its header is wrong'],
    [
      'a GPT entry with a flipped bit',
      broken((b) => b.fill(1, 1040, 1041)),
      'of its entries is wrong',
    ],
    [
      'a GPT whose entries are behind the end',
      lying((b) => b.writeBigUInt64LE(9_999n, 584)),
      'of its entries is wrong',
    ],
    ['an MBR of partitions that overlap', overlapping(), 'two of its partitions overlap'],
  ])('%s is refused', async (_, bytes, said) => {
    await expect(readPartitions(from(bytes), size)).rejects.toThrow(said)
  })

  test('a partition behind the end is refused', async () => {
    const bytes = disk()
    mbrEntry(bytes, 0, 0x83, 8192, 400_000)
    await expect(readPartitions(from(bytes), size)).rejects.toThrow('ends before its last')
  })
})

describe('a file system is told by what it holds', () => {
  test.each([
    ['FAT16', 54, 'FAT16   ', 'fat'],
    ['FAT32', 82, 'FAT32   ', 'fat'],
    ['ext4', 1080, '\u0053\u00ef', 'ext'],
    ['something else', 0, 'LUKS', 'other'],
  ])('%s', async (_, at, mark, kind) => {
    const bytes = Buffer.alloc(4096)
    bytes.write(mark, at, 'latin1')
    expect(await fileSystemOf(from(bytes), { offset: 0, size: 4096 })).toBe(kind)
  })

  describe('an ext4', () => {
    function superblock(blocks: number, free: number, features = 0): Buffer {
      const bytes = Buffer.alloc(2048)
      bytes.writeUInt32LE(blocks, 1024 + 4)
      bytes.writeUInt32LE(free, 1024 + 12)
      bytes.writeUInt32LE(2, 1024 + 24)
      bytes.writeUInt32LE(features, 1024 + 96)
      return bytes
    }
    const facts = (bytes: Buffer) => extFacts(from(bytes), { offset: 0, size: 2048 })

    test('how full it is, also one that claims more free blocks than it has', async () => {
      expect((await facts(superblock(1000, 400))).bytesUsed).toBe(600 * 4096)
      expect((await facts(superblock(1000, 1001))).bytesUsed).toBe(0)
    })

    test('whether its journal is still to be replayed', async () => {
      expect((await facts(superblock(9, 1, 0x2c2))).hasJournalToReplay).toBe(false)
      expect((await facts(superblock(9, 1, 0x2c6))).hasJournalToReplay).toBe(true)
    })
  })
})
