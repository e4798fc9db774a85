import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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

export interface AgentHere {
  readonly dir: string
  readonly state: string
  readonly lockFile: string
  /** What the agent wrote, over all its lives. */
  readonly lines: string[]
  start(): ChildProcess
  configure(more: Readonly<Record<string, unknown>>): Promise<void>
  /** Waits until it has written such a line, of those after the first `from`. */
  wrote(line: RegExp, from?: number): Promise<void>
}

interface AgentOptions {
  readonly argv: readonly string[]
  readonly url: string
  readonly token: string
  readonly media: string
  readonly muxid?: string
  readonly config?: Readonly<Record<string, unknown>>
  /** Found before the other programs. */
  readonly programs?: string
  /** What its ffmpeg can do: of those with one name the first finds it out. */
  readonly machine?: string | undefined
}

/** What the first agent of a file found out about this machine, for the others. */
const known = new Map<string, string>()

/** An agent with its files in a directory of its own, not yet started. */
export async function agentHere(options: AgentOptions): Promise<AgentHere> {
  const { argv, url, token, media, muxid = '7', config = {}, programs, machine = '' } = options
  const dir = await scratchDir()
  const at = (name: string) => join(dir, name)
  for (const name of ['state', 'tmp']) await mkdir(at(name))
  const before = known.get(machine)
  if (before !== undefined) await writeFile(at('state/capabilities.json'), before)
  onTestFinished(async () => {
    const found = await readFile(at('state/capabilities.json'), 'utf8').catch(() => undefined)
    if (found !== undefined) known.set(machine, found)
  })
  await writeFile(at('token'), `${token}\n`, { mode: 0o600 })
  await writeFile(at('cmdline'), `root=/dev/nfs muxid=${muxid} muxcnc=${url}\n`)
  const configure = async (more: Readonly<Record<string, unknown>>) => {
    const all = {
      mediaDir: media,
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
  const lines: string[] = []
  const heard = new EventEmitter()
  const start = () => {
    const files = ['--config', at('config.json'), '--token-file', at('token')]
    const args = [...argv.slice(1), 'run', ...files, '--cmdline', at('cmdline')]
    const path = [programs, process.env.PATH].filter((each) => each !== undefined).join(':')
    const child = spawn(argv[0] ?? '', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: at('tmp'), PATH: path },
    })
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        lines.push(line)
        heard.emit('line')
      })
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await ended(child)
      }
    })
    return child
  }
  const wrote = async (line: RegExp, from = 0) => {
    const limit = AbortSignal.timeout(90_000)
    while (!lines.slice(from).some((each) => line.test(each)))
      await once(heard, 'line', { signal: limit }).catch(() => {
        throw new Error(`no line ${line} after:\n${lines.slice(from).join('\n')}`)
      })
  }
  const lockFile = at('hlsmux.lock')
  return { dir, state: at('state'), lockFile, lines, start, configure, wrote }
}

export interface Farm extends AgentHere {
  readonly media: string
  readonly controller: StandInController
}

/** A stand-in for the controller, a media directory with one short video, and an agent for them. */
export async function farmHere(
  argv: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
  machine?: string,
): Promise<Farm> {
  const controller = new StandInController()
  await controller.come()
  onTestFinished(() => controller.leave())
  const media = await mediaHere()
  const { url } = controller
  const agent = await agentHere({ argv, url, token: standInToken, media, config, machine })
  return { ...agent, media, controller }
}

/** A media directory with `videos/in.mp4`, four seconds long. */
export async function mediaHere(): Promise<string> {
  const media = await scratchDir()
  await mkdir(join(media, 'videos'))
  await makeClip(
    join(media, 'videos'),
    `-f lavfi -i testsrc2=s=320x240:r=25:d=4 -f lavfi -i sine=d=4
     -c:v libx264 -preset ultrafast -c:a aac in.mp4`,
  )
  return media
}

/** The exit code, or the signal that ended it. */
export async function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return child.exitCode ?? child.signalCode
  return await new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
}
