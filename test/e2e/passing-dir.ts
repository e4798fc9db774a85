import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'

/** A directory that goes with this process: in its name is whose it is. */
export async function passingDir(parent: string, name: string): Promise<string> {
  const dir = await mkdtemp(join(parent, `${name}-${process.pid}.${beginOf(process.pid)}-`))
  atEnd(() => removeNow(dir))
  return dir
}

/** What was killed a moment ago may still write into it. */
function removeNow(dir: string): void {
  for (let tries = 1; ; tries += 1)
    try {
      rmSync(dir, { recursive: true, force: true })
      return
    } catch (error) {
      if (tries === 100) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
}

/** Those of processes that run, without their owners; removes what killed ones have left. */
export async function passingDirs(parent: string, start: string): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(parent)) {
    const [, name, pid, began] = /^(.+)-(\d+)\.(\d+)-\w{6}$/.exec(entry) ?? []
    if (name === undefined || !name.startsWith(start)) continue
    if (beginOf(Number(pid)) === began) names.push(name)
    else await rm(join(parent, entry), { recursive: true, force: true })
  }
  return names
}

/** When a process began, by which it is told from a later one of the same number; undefined: it is over. */
function beginOf(pid: number): string | undefined {
  try {
    // Behind the name of its program, which may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
  } catch {
    return undefined
  }
}
