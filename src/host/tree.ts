import fs from 'node:fs'
import { join } from 'node:path'
import { quoted, UserError } from '../errors.ts'
import { listDir, putEntry, readEntry } from './entries.ts'
import type { Entry } from './host.ts'
import type { FilesBelow } from './workshop.ts'

/** As many as the kernel follows before it gives up (ELOOP). */
const mostLinks = 40

/**
 * The files below a directory, as a chroot would show them: an image can hold a link such as
 * `/etc -> /` or `/etc/ssh -> ../../../etc`, and a write through it would change the NAS itself.
 */
export function filesBelow(top: string): FilesBelow {
  return {
    top,
    read: async (path) => {
      const real = realPath(top, path, false)
      return real === undefined ? undefined : readEntry(real)
    },
    list: async (dir) => {
      const real = realDir(top, dir, false)
      return real === undefined ? undefined : listDir(real)
    },
    put: async (path, entry) => put(top, path, entry),
    removeTree: async (path) => {
      const real = realPath(top, path, false)
      if (real === undefined) return
      if (real === top) throw new Error('a tree does not remove itself')
      fs.rmSync(real, { recursive: true, force: true })
    },
  }
}

function put(top: string, path: string, entry: Entry | undefined): void {
  const real = realPath(top, path, entry !== undefined)
  if (real === undefined) return
  const there = fs.lstatSync(real, { throwIfNoEntry: false })
  if (entry?.kind === 'dir' && there !== undefined && !there.isDirectory()) fs.unlinkSync(real)
  putEntry(real, entry)
}

/** Where an entry lies on the NAS. The last part is not followed. */
function realPath(top: string, path: string, make: boolean): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  const name = parts.pop()
  if (name === undefined) return top
  if (name === '..') throw new Error(`a path does not end in ..: ${path}`)
  const dir = realDir(top, parts.join('/'), make)
  return dir === undefined ? undefined : join(dir, name)
}

/** Where a directory lies on the NAS, links followed inside the tree; made where that is wanted. */
function realDir(top: string, path: string, make: boolean): string | undefined {
  const todo = path.split('/')
  let real: string[] = []
  let links = 0
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      real.pop()
      continue
    }
    const here = join(top, ...real, part)
    const stat = fs.lstatSync(here, { throwIfNoEntry: false })
    if (stat?.isSymbolicLink()) {
      if (++links > mostLinks) throw new UserError(`the links of ${quoted(path)} go in a circle`)
      const target = fs.readlinkSync(here)
      if (target.startsWith('/')) real = []
      todo.unshift(...target.split('/'))
      continue
    }
    if (stat === undefined && make) {
      fs.mkdirSync(here)
      fs.chmodSync(here, 0o755)
    } else if (!stat?.isDirectory()) {
      if (make) throw new UserError(`${here} is in the way: it is no directory`)
      return undefined
    }
    real.push(part)
  }
  return join(top, ...real)
}
