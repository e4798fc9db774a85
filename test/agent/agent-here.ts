import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { makeClip, scratchDir } from './mux/mux-here.ts'
import { StandInController, standInToken } from './stand-in-controller.ts'

/** Bundles the agent for one file of tests; answers with where it will be. */
export function bundledAgent(): { readonly path: string } {
  const bundle = { path: '' }
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pifarm-agent-'))
    bundle.path = join(dir, 'agent.mjs')
    const script = fileURLToPath(new URL('../../src/agent/bundle.js', import.meta.url))
    await promisify(execFile)(process.execPath, [script, bundle.path])
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))
  return bundle
}

export interface Farm {
  readonly dir: string
  readonly media: string
  readonly state: string
  readonly lockFile: string
  readonly controller: StandInController
  /** What the agent wrote, over all its lives. */
  readonly lines: string[]
  start(): ChildProcess
  configure(more: Readonly<Record<string, unknown>>): Promise<void>
}

/** What the first agent of a file found out about this machine, for the others. */
let known: string | undefined

/** A controller, a media directory with one short video, and an agent that is not yet started. */
export async function farmHere(
  agent: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<Farm> {
  const dir = await scratchDir()
  const at = (name: string) => join(dir, name)
  const controller = new StandInController()
  await controller.come()
  onTestFinished(() => controller.leave())
  for (const name of ['media/videos', 'state', 'tmp']) await mkdir(at(name), { recursive: true })
  await makeClip(
    at('media/videos'),
    `-f lavfi -i testsrc2=s=320x240:r=25:d=4 -f lavfi -i sine=d=4
     -c:v libx264 -preset ultrafast -c:a aac in.mp4`,
  )
  if (known !== undefined) await writeFile(at('state/capabilities.json'), known)
  onTestFinished(async () => {
    known ??= await readFile(at('state/capabilities.json'), 'utf8').catch(() => undefined)
  })
  await writeFile(at('token'), `${standInToken}\n`, { mode: 0o600 })
  await writeFile(at('cmdline'), `root=/dev/nfs muxid=7 muxcnc=${controller.url}\n`)
  const lines: string[] = []
  const configure = async (more: Readonly<Record<string, unknown>>) => {
    const all = {
      mediaDir: at('media'),
      mountCommand: null,
      lockFile: at('hlsmux.lock'),
      stateDir: at('state'),
      stableSeconds: 0.1,
      ...config,
      ...more,
    }
    await writeFile(at('config.json'), JSON.stringify(all))
  }
  await configure({})
  const start = () => {
    const files = ['--config', at('config.json'), '--token-file', at('token')]
    const args = [...agent.slice(1), 'run', ...files, '--cmdline', at('cmdline')]
    const child = spawn(agent[0] ?? '', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: at('tmp') },
    })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.split('\n').filter((line) => line !== ''))
      })
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await ended(child)
      }
    })
    return child
  }
  return {
    dir,
    media: at('media'),
    state: at('state'),
    lockFile: at('hlsmux.lock'),
    controller,
    lines,
    start,
    configure,
  }
}

/** The exit code, or the signal that ended it. */
export async function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return child.exitCode ?? child.signalCode
  return await new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
}
