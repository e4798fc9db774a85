import { createInterface } from 'node:readline'
import { UserError } from '../errors.ts'
import type { Output } from './host.ts'

/** The C locale: messages of the daemons are parsed. */
const env = { LC_ALL: 'C' }

/**
 * Runs one command without a shell and waits for its end, in a process group of its own: the
 * terminal's Ctrl-C must not reach a restart that is under way, nor a look during a put-back.
 */
export async function runCommand(argv: readonly string[], input?: string): Promise<Output> {
  const { execa } = await import('execa')
  const [program = '', ...rest] = argv
  const result = await execa(program, rest, {
    reject: false,
    env,
    detached: true,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  })
  if (result.exitCode !== undefined)
    return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr }
  if (result.signal !== undefined)
    return { code: 128, stdout: result.stdout, stderr: `ended by ${result.signal}` }
  const why = result.code === 'ENOENT' ? 'is not installed' : `cannot be run: ${result.code}`
  return { code: 127, stdout: '', stderr: `${program} ${why}` }
}

/** The lines a command prints, as they come. One that fails is a `UserError`: silence would be taken for no news. */
export async function* follow(
  argv: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { execa } = await import('execa')
  const [program = '', ...rest] = argv
  const running = execa(program, rest, {
    reject: false,
    env,
    stdin: 'ignore',
    stderr: 'ignore',
    buffer: false,
    cancelSignal: signal,
  })
  try {
    // Not execa's own iterable: left early, it waits for the program to end, and `tail -F` never does.
    for await (const line of createInterface({ input: running.stdout })) yield line
    const { exitCode } = await running
    if (exitCode !== 0 && !signal.aborted) throw failed(program, argv, exitCode)
  } finally {
    running.kill()
  }
}

function failed(program: string, argv: readonly string[], exitCode: number | undefined): UserError {
  const how = exitCode === undefined ? 'could not be run, or was ended' : `ended with ${exitCode}`
  return new UserError(`${program} ${how}`, { hint: `what it says: ${argv.join(' ')}` })
}
