import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { say } from './run.js'

/** Asked before Debian's packages start or stop a daemon; 101 forbids it, 0 is as if it were not there. */
const policy = '/usr/sbin/policy-rc.d'
const mark = 'PIFARM_SETUP'

/** Whose it is can be told from its text. Left behind it forbids nothing: only our apt-get is marked. */
function textOf(pid) {
  return `#!/bin/sh
# Of pifarm's test/setup.js, which removes it when it ends: process ${pid}. May be deleted.
[ -z "$${mark}" ] || exit 101
`
}

/**
 * Runs an installation, whose daemons do not start: on this machine they are wanted in the lab alone. A
 * policy that a person put there is obeyed.
 */
export async function withoutDaemons(install) {
  if (existsSync(policy) && ownerOf(policy) === undefined) return install(process.env)
  const remove = () => {
    if (ownerOf(policy) === process.pid) rmSync(policy)
  }
  process.once('exit', remove)
  writeFileSync(policy, textOf(process.pid))
  chmodSync(policy, 0o755)
  await install({ ...process.env, [mark]: '1' })
  remove()
}

/** Removes what a set-up that was killed has left. */
export function removeLeftPolicy() {
  const owner = ownerOf(policy)
  if (owner === undefined || isSetup(owner)) return
  say(`${policy} is left of a set-up that was killed: removed`)
  rmSync(policy)
}

/** The process that wrote it; undefined where none is, or a person's. */
function ownerOf(file) {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const pid = Number(/: process (\d+)\./.exec(text)?.[1])
  return text === textOf(pid) ? pid : undefined
}

function isSetup(pid) {
  const file = `/proc/${pid}/cmdline`
  return existsSync(file) && readFileSync(file, 'utf8').includes('test/setup.js')
}
