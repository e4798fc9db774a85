import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const cache = new URL('../../node_modules/.cache/pifarm-test/', import.meta.url)
const bundles = new Map<string, Promise<string>>()

/** One file of plain JavaScript, made once: hundreds of processes that each translate TypeScript would take minutes. */
async function bundled(name: string): Promise<string> {
  const outfile = fileURLToPath(new URL(`${process.pid}-${name}.mjs`, cache))
  const made = bundles.get(name) ?? bundle(name, outfile)
  bundles.set(name, made)
  await made
  return outfile
}

async function bundle(name: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [ownUrls],
  })
  process.once('exit', () => rmSync(outfile, { force: true }))
  return outfile
}

/** Each file goes on finding what lies beside it. */
const ownUrls: Plugin = {
  name: 'own-urls',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const url = JSON.stringify(pathToFileURL(path).href)
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' }
    }),
}

/** A process of the test's own that runs one of the files beside this, and is spoken to in lines. */
export interface Child {
  readonly process: ChildProcess
  tell(line: string): void
  /** The next line that it prints. */
  line(): Promise<string>
  /** Ends it at once, wherever it is. */
  kill(): Promise<void>
  ended: Promise<number | null>
}

export async function startChild(name: string, argument: unknown): Promise<Child> {
  const file = await bundled(name)
  const child = spawn(process.execPath, [file, JSON.stringify(argument)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // Ends with the test, however that ends: the children read their stdin to its end.
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return {
    process: child,
    tell: (line) => void child.stdin.write(`${line}\n`),
    line: async () => {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${name} has ended`)
      return value
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    ended,
  }
}
