import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { project, run, say } from './run.js'

const npmState = 'node_modules/.package-lock.json'

export async function installNpmPackages() {
  // npm writes this file at the end of an installation.
  if (newest(npmState) >= newest('package-lock.json')) return
  say('npm ci')
  await run(['npm', 'ci', '--no-audit', '--no-fund'])
}

/** The program, the agent and the page, each by what its build writes last. */
const built = ['dist/main.js', 'dist/agent.mjs', 'dist/web/licenses.txt']

export async function build() {
  const sources = Math.max(...['src', 'package.json', npmState].map(newest))
  if (built.every((file) => newest(file) >= sources)) return
  say('npm run build')
  await run(['npm', 'run', 'build', '--silent'])
}

/**
 * When the newest file below a path was changed, in ms; 0 where nothing is. Directories count: a file
 * that was taken out of one leaves no other trace.
 */
function newest(path) {
  const full = join(project, path)
  if (!existsSync(full)) return 0
  const stat = statSync(full)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(full).map((name) => newest(join(path, name))))
}
