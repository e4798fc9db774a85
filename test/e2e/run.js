#!/usr/bin/env node
import { join } from 'node:path'
import { runChild } from '../support/run-child.js'

/**
 * `npm run e2e [-- --pi uml|raspi3b] [what vitest takes]`: sets up what a farm in a box needs, and
 * runs it. Plain Node, since it runs before `npm ci`.
 */
const emulations = ['uml', 'raspi3b']
const project = join(import.meta.dirname, '../..')
const args = process.argv.slice(2)
const at = args.indexOf('--pi')
const [, emulation = 'uml'] = at === -1 ? [] : args.splice(at, 2)

process.exitCode = await main()

async function main() {
  if (!emulations.includes(emulation)) {
    process.stderr.write(`e2e: --pi ${emulation}: there is ${emulations.join(' and ')}\n`)
    return 2
  }
  const setup = await run(process.execPath, ['test/setup.js', `box-${emulation}`])
  if (setup !== 0) return setup
  const env = { ...process.env, PIFARM_E2E_PI: emulation }
  const vitest = join(project, 'node_modules/vitest/vitest.mjs')
  return run(process.execPath, [vitest, 'run', '--config', 'vitest.e2e.config.ts', ...args], env)
}

async function run(program, argv, env = process.env) {
  return (await runChild([program, ...argv], { cwd: project, env })).code
}
