import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from '../support/run-child.js'

export const project = fileURLToPath(new URL('../..', import.meta.url))
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')

export function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}

export function stop(...lines) {
  for (const line of lines) say(line)
  process.exit(1)
}

/** Runs a program and answers what it printed, which is shown only when it fails; then the setup ends. */
export async function run(argv, { hint, ...options } = {}) {
  const { code, output } = await runChild(argv, {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  if (code === 0) return output
  process.stderr.write(output)
  return stop(`failed: ${argv.join(' ')}`, ...(hint === undefined ? [] : [hint]))
}
