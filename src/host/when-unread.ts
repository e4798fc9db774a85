import { spawn } from 'node:child_process'
import fs from 'node:fs'

/**
 * Fires when whoever read stdout has gone, as `head` does after its last line: also while nothing
 * is written, which is the only time that Node would tell: it polls no pipe that it only writes to, to
 * write nothing succeeds, and to open the pipe for reading would make us its reader. `tail -f` looks at
 * its own stdout all the time, and there it is ours. A terminal that goes sends SIGHUP.
 */
export function whenUnread(until: AbortSignal): AbortSignal {
  const gone = new AbortController()
  process.stdout.once('error', () => gone.abort())
  if (until.aborted || !fs.fstatSync(1).isFIFO()) return gone.signal
  // In a session of its own, so that Ctrl-C is not taken for it; --pid ends it where we are killed.
  const watcher = spawn('tail', ['-f', `--pid=${process.pid}`, '/dev/null'], {
    detached: true,
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  // It is nothing to wait for.
  watcher.unref()
  // Without a `tail` that can do so the next write tells it.
  watcher.once('error', () => undefined)
  watcher.once('exit', (_code, signal) => signal === 'SIGPIPE' && gone.abort())
  until.addEventListener('abort', () => watcher.kill(), { once: true })
  return gone.signal
}
