#!/usr/bin/env node
import { join } from 'node:path'
import { runChild } from './support/run-child.js'

/**
 * `npm run demo`: the lab as a story, whose Pis end where their kernels would start.
 * `npm run demo -- --box`: a farm in a box (docs/farm-in-a-box.md), where this machine can carry it.
 * Plain Node, since it runs before `npm ci`.
 */
const project = join(import.meta.dirname, '..')

process.exitCode = await main()

async function main() {
  if (!process.argv.includes('--box'))
    return (await run('test/setup.js')) || (await run('test/lab/demo.js'))
  say('a farm in a box; the first time it takes some minutes to make the disk of its NAS')
  return (
    (await run('test/setup.js', 'box-uml')) || (await run('--import', 'tsx', 'test/e2e/demo.ts'))
  )
}

function say(line) {
  process.stderr.write(`demo: ${line}\n`)
}

async function run(...argv) {
  return (await runChild([process.execPath, ...argv], { cwd: project })).code
}
