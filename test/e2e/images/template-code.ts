import { join } from 'node:path'
import { build } from 'esbuild'

const project = join(import.meta.dirname, '../../..')
/** The command with its flags, and the tools that main.ts hands to it. */
const entries = ['program/template', 'host/local', 'host/local-workshop', 'host/fresh']

/** All code of pifarm's own that builds a template, in one text that changes with any of it. */
export async function templateCode(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: project,
    entryPoints: entries.map((name) => `src/${name}.ts`),
    outdir: 'nowhere',
    write: false,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  })
  return outputFiles.map(({ text }) => text).join('')
}
