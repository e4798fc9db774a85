#!/usr/bin/env node
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Makes dist/ for the NAS: the program in a few chunks, each command's own loaded when it runs.
 * File by file, Node takes longer to find and read pifarm and the libraries below than most
 * commands take to do their work (docs/architecture.md has the numbers). Names and lines stay
 * readable, for a stack trace must say something.
 */
const project = fileURLToPath(new URL('..', import.meta.url))
const dist = join(project, 'dist')

/** Small and pure, and wanted by nearly every command. All others stay in node_modules. */
const inside = [
  'chalk',
  'cli-table3',
  'commander',
  'diff',
  'execa',
  'handlebars',
  'ipaddr.js',
  'pretty-bytes',
  'string-width',
  'yaml',
  'zod',
]

const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
const outside = Object.keys(dependencies).filter((name) => !inside.includes(name))

const { metafile } = await build({
  // The doors, besides the program: a test opens them one by one.
  entryPoints: [
    'main',
    'program',
    'host/local',
    'host/local-workshop',
    'host/fresh',
    'ui/terminal',
  ].map((name) => join(project, 'src', `${name}.ts`)),
  outdir: dist,
  // Side by side, so that src/package-file.ts finds the package from everywhere.
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: outside.flatMap((name) => [name, `${name}/*`]),
  // What is CommonJS asks for Node's own modules this way.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
  },
  logLevel: 'warning',
})

// Chunks are named by their content: those of an earlier build would pile up.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)))
for (const name of readdirSync(dist))
  if (name.endsWith('.js') && !made.has(name)) rmSync(join(dist, name))
