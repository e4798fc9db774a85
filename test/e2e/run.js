#!/usr/bin/env node
import { join } from 'node:path'
import { runChild } from '../support/run-child.js'

/**
 * `npm run e2e [-- --pi uml|raspi3b] [what vitest takes]`: sets up what a farm in a box needs, and
 * runs it. Plain Node, since it runs before `npm ci`.
 */
const emulations = ['uml', 'raspi3b']
const project = join(import.meta.dirname, '../..')
const { emulation, args } = split(process.argv.slice(2))

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

/** `--pi raspi3b` or `--pi=raspi3b`, and the rest. */
function split(given) {
  const args = [...given]
  const at = args.findIndex((arg) => /^--pi(=|$)/.test(arg))
  if (at === -1) return { emulation: 'uml', args }
  const [option, value = ''] = args[at] === '--pi' ? args.splice(at, 2) : args.splice(at, 1)
  return { emulation: option === '--pi' ? value : option.slice('--pi='.length), args }
}

async function run(program, argv, env = process.env) {
  return (await runChild([program, ...argv], { cwd: project, env })).code
}
