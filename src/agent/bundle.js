#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Makes the one file that runs on a Pi, with all that it needs in it: Debian 12's Node is 18, and
 * nothing is installed beside it. Its first line says which version it is.
 */
const project = new URL('../../', import.meta.url)
const { version } = JSON.parse(readFileSync(new URL('package.json', project), 'utf8'))
const [outfile = fileURLToPath(new URL('dist/agent.mjs', project))] = process.argv.slice(2)

await build({
  entryPoints: [fileURLToPath(new URL('src/agent/main.ts', project))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { AGENT_VERSION: JSON.stringify(version) },
  banner: { js: `#!/usr/bin/env node\n// pifarm agent ${version}` },
  logLevel: 'warning',
})
