import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { passingDir } from '../passing-dir.ts'

/**
 * Removes what was not used for longest, until all that lies in a directory takes so many bytes. The
 * spared stay, and so do hidden ones.
 */
export async function keepBelow(
  most: number,
  dir: string,
  spared: ReadonlySet<string>,
): Promise<void> {
  const entries = []
  for (const name of await readdir(dir)) {
    if (name.startsWith('.')) continue
    const path = join(dir, name)
    const used = (await stat(path)).mtimeMs
    entries.push({ path, used, bytes: await bytesOf(path), isSpared: spared.has(name) })
  }
  entries.sort((a, b) => Number(b.isSpared) - Number(a.isSpared) || b.used - a.used)
  let sum = 0
  for (const { path, bytes, isSpared } of entries) {
    sum += bytes
    if (sum > most && !isSpared) await removeWhole(dir, path)
  }
}

/** Out of sight first: what a kill leaves of it must not be taken for whole. */
async function removeWhole(dir: string, path: string): Promise<void> {
  const going = await passingDir(dir, '.going')
  await rename(path, join(going, 'it'))
  await rm(going, { recursive: true, force: true })
}

/** Of a disk with holes, what it takes. */
async function bytesOf(path: string): Promise<number> {
  const { stdout } = await execa('du', ['--summarize', '--block-size=1', '--', path])
  return Number.parseInt(stdout, 10)
}
