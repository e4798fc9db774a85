import { setTimeout as sleep } from 'node:timers/promises'
import type { Reader } from '../host/host.ts'
import type { Daemon } from './change.ts'

const interval = 100
/** How long a daemon may take to come up, in ms. */
const patience = 5000

/** What is wrong with a daemon that should be running, or undefined. */
export async function deadDaemon(
  nas: Reader,
  { pidFile, program }: Daemon,
): Promise<string | undefined> {
  const pid = /^\d+/.exec(await textAt(nas, pidFile))?.[0]
  if (pid === undefined) return `${program} is not running: no process number in ${pidFile}`
  // The file outlives a killed daemon, and its number may be another program's by now.
  const stat = await textAt(nas, `/proc/${pid}/stat`)
  const alive = stat.startsWith(`${pid} (${program}) `) && !/\) [ZX]/.test(stat)
  return alive ? undefined : `${program} is not running: ${pidFile} names ${pid}`
}

/** The same after giving it time to start. */
export async function staysDead(nas: Reader, daemon: Daemon): Promise<string | undefined> {
  for (let waited = 0; ; waited += interval) {
    const wrong = await deadDaemon(nas, daemon)
    if (wrong === undefined || waited >= patience) return wrong
    await sleep(interval)
  }
}

async function textAt(nas: Reader, path: string): Promise<string> {
  const entry = await nas.read(path)
  return entry?.kind === 'file' ? entry.text.trim() : ''
}
