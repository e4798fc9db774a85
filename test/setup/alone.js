import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { say } from './run.js'

/** Where the policy lies that forbids daemons: any user may lock it, and nothing has to be made for that. */
const place = '/usr/sbin'

/**
 * Lets one set-up of a machine go on at a time: they share that policy, apt, what is fetched, and, in one
 * tree, what is built. The kernel frees the lock, however this process ends.
 */
export async function alone() {
  // Without these it comes to no daemon either: it is not Linux.
  if (!['setpriv', 'flock'].every((name) => existsSync(`/usr/bin/${name}`))) return () => {}
  const hold = 'flock --nonblock 9 || { echo waits; flock 9; }; echo has; cat'
  const argv = ['--pdeathsig', 'KILL', '--', 'sh', '-c', `exec 9<"$0"; ${hold}`, place]
  const holder = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(holder, 'exit')
  for await (const line of createInterface(holder.stdout)) {
    if (line === 'has') break
    say('waits for another set-up of this machine')
  }
  return async () => {
    holder.stdin.end()
    await ended
  }
}
