#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm run demo`: the lab as a story, whose Pis end where their kernels would start.
 * `npm run demo -- --box`: a farm in a box (docs/farm-in-a-box.md), where this machine can carry it.
 * Plain Node, since it runs before `npm ci`.
 */
const project = join(import.meta.dirname, '..')
const gigabyte = 1024 ** 3

process.exitCode = main()

function main() {
  if (!process.argv.includes('--box')) return run('test/setup.js') || run('test/lab/demo.js')
  const missing = missingForBox()
  if (missing.length > 0) {
    say(`for a farm in a box this lacks: ${missing.join(', ')}`)
    return 1
  }
  say('a farm in a box; the first time it takes some minutes to make the disk of its NAS')
  return run('test/setup.js', 'box-uml') || run('--import', 'tsx', 'test/e2e/demo.ts')
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

function run(...argv) {
  return spawnSync(process.execPath, argv, { cwd: project, stdio: 'inherit' }).status ?? 1
}
