import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'

/** One runs at a time. */
let running
let endedBy
/** A kill -9 of this process is a SIGTERM for what it runs. No system but Linux has this. */
const bound = existsSync('/usr/bin/setpriv') ? ['setpriv', '--pdeathsig', 'TERM', '--'] : []

/**
 * Runs a program to its end; answers its exit code, and what it printed where that is not shown. A
 * signal that would end this process is handed on to the program, and this process ends with it:
 * neither outlives the other, and what waits for 'exit' is done.
 *
 * `spared`: a program that is waited for whatever comes. Of all signals it gets SIGINT alone, and not
 * from the terminal.
 */
export async function runChild(argv, { spared = false, ...options } = {}) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    if (!process.listeners(signal).includes(handOn)) process.on(signal, handOn)
  const [program, ...args] = spared ? argv : [...bound, ...argv]
  const child = spawn(program, args, { stdio: 'inherit', detached: spared, ...options })
  running = { child, program, spared }
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((resolve) => {
    const end = (status, signal) => resolve(status ?? codeOf(signal))
    child.once('error', (error) => {
      output += `${error.message}\n`
      resolve(127)
    })
    // What a killed program had started may keep its output open for long.
    child.once('exit', (...how) => endedBy === undefined || end(...how))
    child.once('close', end)
  })
  running = undefined
  if (endedBy !== undefined) process.exit(codeOf(endedBy))
  return { code, output }
}

function handOn(signal) {
  endedBy ??= signal
  if (running === undefined) process.exit(codeOf(signal))
  if (running.spared) process.stderr.write(`${signal}: ends as soon as ${running.program} has\n`)
  running.child.kill(running.spared ? 'SIGINT' : signal)
}

function codeOf(signal) {
  return 128 + constants.signals[signal]
}
