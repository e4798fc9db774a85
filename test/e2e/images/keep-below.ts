import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { passingDir } from '../passing-dir.ts'

/**
 * Removes what was not used for longest, until all that lies in a directory takes so many bytes. What is in
 * use stays, and so do hidden ones.
 */
export async function keepBelow(
  most: number,
  dir: string,
  inUse: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const spared = await inUse()
  const entries = []
  for (const name of await readdir(dir)) {
    if (name.startsWith('.')) continue
    const path = join(dir, name)
    const used = (await stat(path)).mtimeMs
    entries.push({ name, used, bytes: await bytesOf(path), isSpared: spared.has(name) })
  }
  entries.sort((a, b) => Number(b.isSpared) - Number(a.isSpared) || b.used - a.used)
  let sum = 0
  for (const { name, bytes, isSpared } of entries) {
    sum += bytes
    // Removing one takes seconds, in which another comes into use.
    if (sum > most && !isSpared && !(await inUse()).has(name)) await removeWhole(dir, name, inUse)
  }
}

/**
 * Out of sight first: what a kill leaves of it must not be taken for whole. Whoever has come to use it just
 * before that has it back; whoever comes later makes it anew.
 */
async function removeWhole(
  dir: string,
  name: string,
  inUse: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const going = await passingDir(dir, '.going')
  await rename(join(dir, name), join(going, 'it'))
  if ((await inUse()).has(name)) await rename(join(going, 'it'), join(dir, name))
  await rm(going, { recursive: true, force: true })
}

/** Of a disk with holes, what it takes. */
async function bytesOf(path: string): Promise<number> {
  const { stdout } = await execa('du', ['--summarize', '--block-size=1', '--', path])
  return Number.parseInt(stdout, 10)
}
