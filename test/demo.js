#!/usr/bin/env node
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runChild } from './support/run-child.js'

/**
 * `npm run demo`: the lab as a story, whose Pis end where their kernels would start.
 * `npm run demo -- --box`: a farm in a box (docs/farm-in-a-box.md), where this machine can carry it.
 * Plain Node, since it runs before `npm ci`.
 */
const project = join(import.meta.dirname, '..')
const gigabyte = 1024 ** 3

process.exitCode = await main()

async function main() {
  if (!process.argv.includes('--box'))
    return (await run('test/setup.js')) || (await run('test/lab/demo.js'))
  const missing = missingForBox()
  if (missing.length > 0) {
    say(`for a farm in a box this lacks: ${missing.join(', ')}`)
    return 1
  }
  say('a farm in a box; the first time it takes some minutes to make the disk of its NAS')
  return (
    (await run('test/setup.js', 'box-uml')) || (await run('--import', 'tsx', 'test/e2e/demo.ts'))
  )
}

function missingForBox() {
  const missing = []
  if (process.arch !== 'x64') missing.push('a processor of the amd64 kind')
  if (!existsSync('/dev/net/tun')) missing.push('/dev/net/tun')
  const available = Number(
    /^MemAvailable: *(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1],
  )
  if (available * 1024 < 3 * gigabyte) missing.push('3 GB of free memory')
  const { bavail, bsize } = statfsSync(homedir())
  if (bavail * bsize < 8 * gigabyte) missing.push('8 GB of free disk for ~/.cache')
  return missing
}

function say(line) {
  process.stderr.write(`demo: ${line}\n`)
}

async function run(...argv) {
  return (await runChild([process.execPath, ...argv], { cwd: project })).code
}
