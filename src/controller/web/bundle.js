#!/usr/bin/env node
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Makes the page: all that it needs, in files whose names hold a hash of what is in them, so that
 * a browser may keep them for ever. Nothing is fetched from elsewhere when it is shown.
 */
const here = fileURLToPath(new URL('.', import.meta.url))
const project = fileURLToPath(new URL('../../../', import.meta.url))
const out = join(project, 'dist/web')
const bundled = ['preact', '@preact/signals', '@preact/signals-core', 'hls.js']

rmSync(out, { recursive: true, force: true })
const { metafile } = await build({
  entryPoints: [join(here, 'main.tsx'), join(here, 'style/page.css'), join(here, 'icon.svg')],
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  publicPath: '/assets/',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome110', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy', '.worker.js': 'file' },
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
})

/** Where the bundle of a source file is served. */
function assetOf(source) {
  const [path] =
    Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(source)) ??
    Object.keys(metafile.outputs).filter((file) =>
      basename(file).startsWith(basename(source, '.svg')),
    )
  return `/assets/${basename(path)}`
}

const html = readFileSync(join(here, 'index.html'), 'utf8')
writeFileSync(
  join(out, 'index.html'),
  html.replace(/\{\{(\S+)\}\}/g, (_, source) => assetOf(source)),
)
const licence = (name) => readFileSync(join(project, 'node_modules', name, 'LICENSE'), 'utf8')
writeFileSync(
  join(out, 'licenses.txt'),
  bundled.map((name) => `${name}\n\n${licence(name)}`).join(`\n${'-'.repeat(80)}\n`),
)
