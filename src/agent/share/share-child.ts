import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ShareOrder, ShareWord } from './share-work.ts'

export interface ShareChild {
  readonly order: ShareOrder
  /** Aborted: it is asked to end, and killed where it does not. */
  readonly signal: AbortSignal
  /** What starts this agent once more, e.g. `['node', '/opt/pifarm/agent.mjs']`. */
  readonly self: readonly string[]
  hear(word: ShareWord): void
}

const graceSeconds = 8

/**
 * Works on the share in a process of its own. Where the file server dies in the middle of it, that
 * one waits in the kernel, while the agent still hears, answers and stops. Answers with why it
 * ended badly, or undefined.
 */
export async function runShareChild(child: ShareChild): Promise<string | undefined> {
  const { order, signal, self, hear } = child
  if (signal.aborted) return 'stopped'
  // However the agent ends, this one does too, and by the same means its ffmpeg.
  const process_ = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...self, 'share-work'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  process_.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complaints = (complaints + piece).slice(-4096)
  })
  process_.stdin.on('error', () => {})
  // It stays open: that it closes tells the child that nobody waits any more.
  process_.stdin.write(`${JSON.stringify(order)}\n`)
  createInterface(process_.stdout).on('line', (line) => {
    const word = wordOf(line)
    if (word !== undefined) hear(word)
  })
  return await new Promise((resolve) => {
    let forced: NodeJS.Timeout | undefined
    const stop = () => {
      process_.kill('SIGTERM')
      forced = setTimeout(() => {
        process_.kill('SIGKILL')
        // One that waits for the share cannot be waited for.
        forced = setTimeout(() => settle('killed'), 1000)
      }, graceSeconds * 1000)
    }
    const settle = (why: string | undefined) => {
      clearTimeout(forced)
      signal.removeEventListener('abort', stop)
      resolve(why)
    }
    signal.addEventListener('abort', stop, { once: true })
    process_.once('error', (error) => settle(error.message))
    process_.once('close', (code, by) => {
      if (code === 0) settle(undefined)
      else settle(`${by ?? `exit code ${code}`}: ${complaints.trim()}`)
    })
  })
}

function wordOf(line: string): ShareWord | undefined {
  try {
    return JSON.parse(line) as ShareWord
  } catch {
    return undefined
  }
}
