#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import { alone } from './setup/alone.js'
import { build, installNpmPackages } from './setup/build.js'
import { removeLeftPolicy } from './setup/daemons.js'
import { installPackages, missingPackages } from './setup/debian.js'
import { fetchFootage, fetchOldNode, fetchPackages } from './setup/fetch.js'
import { needRoom } from './setup/room.js'
import { stop } from './setup/run.js'

/**
 * Everything that the tests and the demo need, on a fresh Debian 12 or 13 with Node and git:
 * the npm packages, the Debian packages of the lab, the firmware files, the built program.
 * Does nothing where all is there. Plain Node, since it runs before `npm ci`.
 *
 *   node test/setup.js [box-uml | box-raspi3b]
 */
await main(process.argv[2])

async function main(box) {
  if (box !== undefined) needRoom()
  const end = await alone()
  await installNpmPackages()
  const missing = missingPackages(box)
  if (process.getuid?.() !== 0) needRoot(missing)
  removeLeftPolicy()
  if (missing.length > 0) await installPackages(missing)
  needNamespaces()
  await fetchPackages()
  await fetchOldNode()
  await fetchFootage()
  await build()
  await end()
}

function needRoot(missing) {
  const lines = ['the lab needs root: it makes network and mount namespaces of its own']
  if (missing.length > 0)
    lines.push(
      'and these Debian packages, which are not installed; run as root, it installs them itself:',
      `  sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    )
  stop(...lines, `run: sudo ${commandLine()}`)
}

function commandLine() {
  const script = process.env.npm_lifecycle_event
  if (script === undefined) return 'node test/setup.js'
  return script === 'test' ? 'npm test' : `npm run ${script}`
}

function needNamespaces() {
  try {
    execFileSync('unshare', ['-mnp', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' })
  } catch {
    stop(
      'root may not make namespaces here (a container without CAP_SYS_ADMIN?)',
      'run it on a machine or a virtual machine, or in a container started with --privileged',
    )
  }
}
