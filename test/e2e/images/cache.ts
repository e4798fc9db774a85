import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { passingDir, passingDirs } from '../passing-dir.ts'
import { keepBelow } from './keep-below.ts'

const top = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test/e2e')
/**
 * In bytes, when something is to be made, for which two gigabytes more have to do: so it never holds the 8 GB
 * that docs/farm-in-a-box.md asks for. A farm of guests and one of emulated boards have room side by side.
 */
const mostKept = 5_500_000_000

export type Made = 'made' | 'from the cache'

/**
 * The directory that was made of just these ingredients, whatever its age; made now where there is
 * none. It stays as long as this process runs. A making that was cut off leaves nothing that is taken for whole.
 */
export async function cached(
  kind: string,
  ingredients: readonly string[],
  make: (into: string) => Promise<void>,
): Promise<{ readonly dir: string; readonly key: string; readonly made: Made }> {
  const hash = createHash('sha256')
  for (const part of ingredients) hash.update(`${part.length} ${part} `)
  const key = hash.digest('hex').slice(0, 16)
  const name = `${kind}-${key}`
  const dir = join(top, name)
  await use(name)
  if (await isThere(dir)) return { dir, key, made: 'from the cache' }
  await keepBelow(mostKept, top, inUse)
  const into = await passing(`making-${name}`)
  try {
    await chmod(into, 0o755)
    await make(into)
    // Another run may have been quicker.
    if (!(await isThere(dir))) await rename(into, dir)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
  return { dir, key, made: 'made' }
}

/** A directory of the cache that is kept whatever is in it. */
export async function store(name: string): Promise<string> {
  await use(name)
  await mkdir(join(top, name), { recursive: true })
  return join(top, name)
}

/** A directory of the cache that goes with this process. */
export async function passing(name: string): Promise<string> {
  await mkdir(top, { recursive: true })
  await passingDirs(top, '.')
  return await passingDir(top, `.${name}`)
}

async function inUse(): Promise<ReadonlySet<string>> {
  const marks = await passingDirs(top, '.used-')
  return new Set(marks.map((mark) => mark.slice('.used-'.length)))
}

/** Nobody forgets it as long as this process runs, nor soon thereafter. */
async function use(name: string): Promise<void> {
  await passing(`used-${name}`)
  if (await isThere(join(top, name))) await utimes(join(top, name), new Date(), new Date())
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** All files below these paths, in one text that changes with any of them. */
export async function contentOf(...paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const isDir = (await stat(path)).isDirectory()
    const names = isDir ? (await readdir(path, { recursive: true })).sort() : ['']
    for (const name of names) {
      const file = join(path, name)
      const { mode } = await stat(file)
      if (!(await stat(file)).isFile()) continue
      const bytes = await readFile(file)
      hash.update(`${name} ${mode & 0o111} ${bytes.length} `).update(bytes)
    }
  }
  return hash.digest('hex')
}
