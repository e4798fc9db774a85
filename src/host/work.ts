import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../errors.ts'
import type { Output } from './host.ts'
import type { Work } from './workshop.ts'

const progressInterval = 200
/** Of what a command prints this much is kept, in characters. */
const tail = 65_536

/** Runs a command that takes long. See `Workshop.work`. */
export async function runWork(work: Work, signal: AbortSignal): Promise<Output> {
  signal.throwIfAborted()
  const files = openFiles(work)
  const child = start(work, files)
  const { stdout, stderr } = collect(child, files.log)
  listen(child, work.status)
  const stop = () => child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  const ticks = setInterval(() => report(work, child, files.input), progressInterval)
  try {
    let failure: unknown
    const fed = feed(work, child).catch((error) => {
      failure = error
      stop()
    })
    // Always to its end: nothing may still be writing when the caller clears away.
    const code = await ended(child)
    await fed
    signal.throwIfAborted()
    if (failure !== undefined) throw failure
    report(work, child, files.input)
    return { code, stdout: stdout(), stderr: stderr() }
  } finally {
    stop()
    clearInterval(ticks)
    signal.removeEventListener('abort', stop)
    for (const file of Object.values(files)) if (file !== undefined) fs.closeSync(file)
  }
}

interface Files {
  readonly input: number | undefined
  readonly output: number | undefined
  readonly log: number | undefined
}

function openFiles({ input, output, log }: Work): Files {
  try {
    return {
      input: typeof input === 'string' ? fs.openSync(input, 'r') : undefined,
      output: output === undefined ? undefined : fs.openSync(output, 'w', 0o600),
      log: log === undefined ? undefined : fs.openSync(log, 'a', 0o600),
    }
  } catch (error) {
    throw new UserError(`cannot open a file: ${(error as Error).message}`)
  }
}

/**
 * `setpriv` ends the command when pifarm is killed, and the process namespace takes its children
 * with it: of a killed tar its xz would stay, of a killed mmdebstrap an apt that goes on writing.
 */
function start(work: Work, files: Files): ChildProcess {
  // A process namespace hides the command's own pid, under which its written bytes are counted.
  const processes = work.written ? [] : ['--pid', '--fork', '--kill-child=KILL', '--mount-proc']
  const namespaces = ['unshare', '--mount', '--propagation', 'private', ...processes]
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...namespaces, '--', ...work.argv], {
    // A session of its own: Ctrl-C in the terminal reaches pifarm, which ends it.
    detached: true,
    env: { ...process.env, LC_ALL: 'C', ...work.env },
    stdio: [
      files.input ?? (work.input === undefined ? 'ignore' : 'pipe'),
      files.output ?? 'pipe',
      'pipe',
      work.status === undefined ? 'ignore' : 'pipe',
    ],
  })
}

async function feed({ input, progress }: Work, child: ChildProcess): Promise<void> {
  if (input === undefined || typeof input === 'string' || child.stdin === null) return
  let bytes = 0
  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      bytes += chunk.length
      progress?.(bytes)
      yield chunk
    }
  }
  try {
    await pipeline(Readable.from(counted(input), { objectMode: false }), child.stdin)
  } catch (error) {
    // A command that ended early says why itself; anything else is the failure of who feeds it.
    if (!isCode(error, 'EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw error
  }
}

async function ended(child: ChildProcess): Promise<number> {
  const [code] = await once(child, 'close')
  return (code as number | null) ?? 128
}

function collect(child: ChildProcess, log: number | undefined) {
  function kept(pipe: Readable | null): () => string {
    let text = ''
    pipe?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-tail)
      if (log !== undefined) fs.writeSync(log, piece)
    })
    return () => text
  }
  return { stdout: kept(child.stdout), stderr: kept(child.stderr) }
}

function listen({ stdio }: ChildProcess, status: Work['status']): void {
  const pipe = stdio[3]
  if (status && pipe instanceof Readable) createInterface({ input: pipe }).on('line', status)
}

function report(work: Work, child: ChildProcess, input: number | undefined): void {
  // The command shares our file position, since it got this very descriptor.
  if (work.progress && input !== undefined)
    work.progress(counter('/proc/self/fdinfo/', input, /^pos:\s*(\d+)$/m))
  if (work.written) work.written(counter('/proc/', `${child.pid}/io`, /^wchar: (\d+)$/m))
}

function counter(dir: string, name: string | number, pattern: RegExp): number {
  try {
    return Number(pattern.exec(fs.readFileSync(`${dir}${name}`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // ended between two ticks
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
