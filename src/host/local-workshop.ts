import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import { isOnBtrfs } from './btrfs.ts'
import { copyTree } from './clone-tree.ts'
import { runCommand } from './commands.ts'
import { filesBelow } from './tree.ts'
import { runWork } from './work.ts'
import type { Workshop } from './workshop.ts'

/** The workshop on this NAS. */
export function localWorkshop(): Workshop {
  return {
    work: runWork,
    bytes: async (path, offset, length) => readBytes(path, offset, length),
    sha256,
    sizeOf: async (path) => fileSize(path),
    makeTop,
    copyTree,
    filesBelow,
  }
}

function readBytes(path: string, offset: number, length: number): Buffer {
  try {
    const file = fs.openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, fs.readSync(file, bytes, 0, length, offset))
    } finally {
      fs.closeSync(file)
    }
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

/** In this process: OpenSSL takes the CPU's own instructions for it, which coreutils' sha256sum does not. */
async function sha256(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  try {
    const file = fs.createReadStream(path, { highWaterMark: 1024 * 1024, signal })
    for await (const chunk of file) hash.update(chunk as Buffer)
  } catch (error) {
    signal.throwIfAborted()
    throw new UserError(`cannot read ${path}: ${(error as Error).message}`)
  }
  return hash.digest('hex')
}

function fileSize(path: string): number | undefined {
  const stat = fs.statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() ? stat.size : undefined
}

async function makeTop(path: string): Promise<void> {
  if (isOnBtrfs(dirname(path))) {
    const made = await runCommand(['btrfs', 'subvolume', 'create', path])
    if (made.code === 0) return
  }
  fs.mkdirSync(path, { mode: 0o755 })
}
