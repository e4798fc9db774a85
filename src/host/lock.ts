import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Lock } from './host.ts'
import { lacking } from './lacking.ts'
import { needPrograms } from './need-programs.ts'

const conflict = 75

/**
 * Holds an flock(2) on the file; the kernel frees it however pifarm ends, so there is no stale lock to
 * judge. The holder's name is the file's first line, for others to read; more may follow it. `mayGo` is asked at the end
 * whether the file goes too.
 */
export async function holdLock(
  path: string,
  holder: string,
  mayGo: () => boolean = () => false,
): Promise<Lock | { readonly heldBy: string }> {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600)
  let lock: Lock | undefined
  const release = async (): Promise<void> => {
    await lock?.release()
    fs.closeSync(file)
  }
  try {
    // What is open, and not what has the name by then.
    lock = await holdOpen(file)
    if (lock === undefined) {
      const heldBy = fs.readFileSync(file, 'utf8').split('\n')[0]?.trim() || 'another run'
      await release()
      return { heldBy }
    }
    if (!isNamed(file, path)) {
      await release()
      return await holdLock(path, holder, mayGo)
    }
    rewrite(file, `${holder}\n`)
  } catch (error) {
    await release()
    throw error
  }
  return {
    release: async () => {
      if (mayGo() && isNamed(file, path)) fs.unlinkSync(path)
      await release()
    },
  }
}

/** In one piece over what is there, and cut off only then: neither a full disk nor a kill leaves it empty, or with the end of a line. */
function rewrite(file: number, text: string): void {
  const bytes = Buffer.from(text)
  const more = Math.max(0, fs.fstatSync(file).size - bytes.length)
  fs.writeSync(file, Buffer.concat([bytes, Buffer.alloc(more, '\n')]), 0, undefined, 0)
  fs.ftruncateSync(file, bytes.length)
}

/** An flock(2) on an open file by itself, which has no name of a holder in it; undefined: somebody else has it. */
export async function holdOpen(file: number): Promise<Lock | undefined> {
  return await hold(`/proc/${process.pid}/fd/${file}`)
}

/** Whether the open file still has that name: its last holder may have removed it. */
export function isNamed(file: number, path: string): boolean {
  const open = fs.fstatSync(file)
  const named = fs.statSync(path, { throwIfNoEntry: false })
  return named?.ino === open.ino && named.dev === open.dev
}

/** An flock(2) on a directory by itself, which has no name of a holder in it. */
export async function holdDir(dir: string): Promise<Lock | undefined> {
  // `flock` would make a file where nothing is.
  fs.opendirSync(dir).closeSync()
  return await hold(dir)
}

/** Through util-linux's `flock`; undefined: somebody else has it. */
async function hold(path: string): Promise<Lock | undefined> {
  await needPrograms({ lacking }, ['flock', 'cat'])
  // `cat` lives as long as our end of its pipe. Its own session, or Ctrl-C would end it while
  // the run is still putting things back.
  const keeper = spawn('flock', ['-n', '-E', String(conflict), path, 'cat'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  keeper.stdin.on('error', () => undefined)
  keeper.stdin.write('held\n')
  const ended = once(keeper, 'exit')
  const held = await Promise.race([
    once(keeper.stdout, 'data').then(() => true),
    ended.then(() => false),
  ])
  if (!held) {
    if (keeper.exitCode !== conflict)
      throw new Error(`flock ${path} ended with ${keeper.exitCode ?? keeper.signalCode}`)
    return undefined
  }
  return {
    release: async () => {
      keeper.stdin.end()
      await ended
    },
  }
}
