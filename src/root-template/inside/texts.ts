import type { FileEntry } from '../../host/host.ts'
import type { Tree } from '../tree.ts'

/** The text file at a path, the last link followed; undefined where there is none. */
export async function fileAt(tree: Tree, path: string): Promise<FileEntry | undefined> {
  let at = path
  for (let links = 0; links < 8; links += 1) {
    const entry = await tree.read(at)
    if (entry?.kind === 'file') return entry
    if (entry?.kind !== 'link') return undefined
    at = entry.target.startsWith('/') ? entry.target : `${parentOf(at)}/${entry.target}`
  }
  return undefined
}

export async function textAt(tree: Tree, path: string): Promise<string | undefined> {
  return (await fileAt(tree, path))?.text
}

/** The lines of a file without their ends; none where there is no file. */
export async function linesAt(tree: Tree, path: string): Promise<readonly string[]> {
  const text = await textAt(tree, path)
  return text === undefined ? [] : text.split('\n')
}

/** Writes a file of root's; one that is there keeps its owner, mode and encoding. */
export async function putText(tree: Tree, path: string, text: string, mode = 0o644): Promise<void> {
  const before = await tree.read(path)
  const owned =
    before?.kind === 'file' ? before : ({ encoding: 'utf8', mode, uid: 0, gid: 0 } as const)
  await tree.put(path, { ...owned, kind: 'file', text })
}

/**
 * Writes a drop-in of pifarm's own, unless it is there: another that is read behind it may outdo it,
 * which is for a person to decide. Answers whether anything changed.
 */
export async function putDropIn(tree: Tree, path: string, text: string): Promise<boolean> {
  if ((await textAt(tree, path)) === text) return false
  await putText(tree, path, text)
  return true
}

/** A text with a line more, which starts on a line of its own. */
export function withLine(text: string, line: string): string {
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
