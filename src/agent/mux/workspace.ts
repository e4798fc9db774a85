import { createHash, type Hash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Where a job is made, beside where it will be: a hidden directory that becomes the output by one
 * rename. Each attempt first gives it a new name. So an agent that lost its lease and does not know
 * it yet (it was stopped, or its network was) writes into nothing and has nothing to publish.
 */
export interface Workspace {
  /** Becomes the output. */
  readonly dir: string
  /** In it, and taken out before it is published: what is known of the work so far. */
  readonly notes: string
  /** On this machine; gone after the job. */
  readonly scratch: string
}

interface Place {
  readonly jobId: string
  readonly output: string
  readonly scratch: string
}

const notesName = '.work'
const makingPrefix = '.making-'

export async function openWorkspace({ jobId, output, scratch }: Place): Promise<Workspace> {
  const parent = dirname(output)
  const prefix = `${hiddenName(output)}-${jobId}-`
  const dir = join(parent, `${prefix}${randomBytes(4).toString('hex')}.partial`)
  const [earlier, ...others] = (await readdir(parent)).filter(
    (name) => name.startsWith(prefix) && name.endsWith('.partial'),
  )
  for (const name of others) await rm(join(parent, name), { recursive: true, force: true })
  if (earlier === undefined) await mkdir(dir)
  else await rename(join(parent, earlier), dir)
  const notes = join(dir, notesName)
  await mkdir(notes, { recursive: true })
  for (const name of await readdir(dir))
    if (name.startsWith(makingPrefix)) await rm(join(dir, name), { recursive: true, force: true })
  const own = scratchOf({ jobId, scratch })
  await mkdir(own, { recursive: true })
  return { dir, notes, scratch: own }
}

/** Names of files have at most 255 bytes, and the output's may be as long as that. */
function hiddenName(output: string): string {
  const hash = createHash('sha256').update(basename(output)).digest('hex')
  return `.pifarm-${hash.slice(0, 12)}`
}

/**
 * Where one ffmpeg works: it opens files by names relative to this, and a stray one of an earlier
 * attempt finds it deleted.
 */
export async function makingDir(space: Workspace): Promise<string> {
  return mkdtemp(join(space.dir, makingPrefix))
}

/** Nothing of the attempt is left. */
export async function discard(space: Workspace): Promise<void> {
  await rm(space.dir, { recursive: true, force: true })
  await rm(space.scratch, { recursive: true, force: true })
}

export async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

/** Appears whole or not at all. */
export async function writeWhole(path: string, content: string | Buffer): Promise<void> {
  await writeFile(`${path}.tmp`, content)
  await rename(`${path}.tmp`, path)
}

/**
 * Puts the directory in its place. What is there is moved aside first and back where that fails; a
 * kill between the two renames is mended by `restoreReplaced`.
 */
export async function publish(space: Workspace, output: string, mayReplace: boolean) {
  const aside = asideName(output)
  const replaces = mayReplace && (await exists(output))
  if (replaces) {
    await rm(aside, { recursive: true, force: true })
    await rename(output, aside)
  }
  try {
    await rename(space.dir, output)
  } catch (error) {
    if (replaces) await rename(aside, output)
    throw error
  }
  await rm(aside, { recursive: true, force: true })
  await clearPublished(output, space.scratch)
}

/** The notes go last: without them a kill before the rename would cost every rendition. */
export async function clearPublished(output: string, scratch: string): Promise<void> {
  await rm(join(output, notesName), { recursive: true, force: true })
  await rm(scratch, { recursive: true, force: true })
}

/** The job's own directory on this machine. */
export function scratchOf({ jobId, scratch }: Pick<Place, 'jobId' | 'scratch'>): string {
  return join(scratch, `mux-${jobId}`)
}

function asideName(output: string): string {
  return join(dirname(output), `${hiddenName(output)}.replaced`)
}

/** Of a run that was killed while it replaced: what was there comes back, or goes for good. */
export async function restoreReplaced(output: string): Promise<void> {
  const aside = asideName(output)
  if (!(await exists(aside))) return
  if (await exists(output)) await rm(aside, { recursive: true, force: true })
  else await rename(aside, output)
}

/** Says whether a file is still the one that was looked at. */
export async function fingerprint(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  const hash = createHash('sha256').update(`${size} ${mtimeMs} `)
  const whole: Span = [0, size]
  const ends: readonly Span[] = [
    [0, endBytes],
    [size - endBytes, size],
  ]
  const file = await open(path)
  try {
    for (const span of size <= 2 * endBytes ? [whole] : ends) await hashPart(hash, file, span)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

type Span = readonly [from: number, to: number]

const endBytes = 1 << 20

/** Through one small buffer: what is read in one piece stays in memory beside the encoder. */
async function hashPart(hash: Hash, file: FileHandle, [from, to]: Span): Promise<void> {
  const piece = Buffer.alloc(1 << 16)
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, to - at), at)
    if (bytesRead === 0) return
    hash.update(piece.subarray(0, bytesRead))
    at += bytesRead
  }
}
