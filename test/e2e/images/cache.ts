import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const top = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test/e2e')
/** Two trees of work on one machine do not take each other's images away; */
const mostKept = 2
/** nor that of a run that is under way. In ms: an arm64 template takes half an hour on a busy machine. */
const longestUse = 3 * 3_600_000

export type Made = 'made' | 'from the cache'

/**
 * The directory that was made of just these ingredients, whatever its age; made now where there is
 * none. A making that was cut off leaves nothing that is taken for whole.
 */
export async function cached(
  kind: string,
  ingredients: readonly string[],
  make: (into: string) => Promise<void>,
): Promise<{ readonly dir: string; readonly key: string; readonly made: Made }> {
  const hash = createHash('sha256')
  for (const part of ingredients) hash.update(`${part.length} ${part} `)
  const key = hash.digest('hex').slice(0, 16)
  const dir = join(top, `${kind}-${key}`)
  if (await stat(dir).catch(() => undefined)) {
    await utimes(dir, new Date(), new Date())
    return { dir, key, made: 'from the cache' }
  }
  const into = join(top, `.${kind}-${process.pid}`)
  await rm(into, { recursive: true, force: true })
  await mkdir(into, { recursive: true })
  try {
    await make(into)
    await rename(into, dir)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
  await forgetOld(kind)
  return { dir, key, made: 'made' }
}

/** A directory of the cache that is kept whatever is in it. */
export async function store(name: string): Promise<string> {
  await mkdir(join(top, name), { recursive: true })
  return join(top, name)
}

async function forgetOld(kind: string): Promise<void> {
  const found: { readonly dir: string; readonly used: number }[] = []
  for (const name of await readdir(top))
    if (new RegExp(`^${kind}-[0-9a-f]{16}$`).test(name))
      found.push({ dir: join(top, name), used: (await stat(join(top, name))).mtimeMs })
  found.sort((a, b) => b.used - a.used)
  for (const { dir, used } of found.slice(mostKept))
    if (used < Date.now() - longestUse) await rm(dir, { recursive: true, force: true })
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
