import { exitCodes, UserError } from '../errors.ts'
import { visible } from '../ui/visible.ts'
import { agentVersion } from './agent-version.ts'
import { type AgentCommand, help, readCommand } from './cli.ts'

/** The muxer agent: reads the command line, runs one command and exits; nothing else does. */
async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(exitCodes.interrupted)
      interrupt.abort()
    })
  // Whoever read the output has gone: the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  try {
    return await dispatch(readCommand(argv), interrupt.signal)
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted
    return report(error)
  }
}

/** What only one command needs is read when that one runs: the service waits in little memory. */
async function dispatch(command: AgentCommand, signal: AbortSignal): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(help)
      return exitCodes.done
    case 'version':
      process.stdout.write(`${agentVersion}\n`)
      return exitCodes.done
    case 'run': {
      const { run } = await import('./commands/run.ts')
      return await run({ ...command, self: itself(), signal, log })
    }
    case 'once': {
      const { once } = await import('./commands/once.ts')
      return await once(command, signal)
    }
    case 'probe': {
      const { probe } = await import('./commands/probe.ts')
      return await probe({ ...command, signal })
    }
    case 'verify': {
      const { verify } = await import('./commands/verify.ts')
      return await verify({ ...command, signal })
    }
    case 'share-work': {
      const { shareWork } = await import('./commands/share-work.ts')
      return await shareWork(signal)
    }
  }
}

function itself(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '']
}

/** One line per event: journald puts the time before it. */
function log(line: string): void {
  process.stdout.write(`${visible(line)}\n`)
}

function report(error: unknown): number {
  if (error instanceof UserError) {
    process.stderr.write(`agent: ${visible(error.message)}\n`)
    if (error.hint !== undefined) process.stderr.write(`  ${visible(error.hint)}\n`)
    return error.exitCode
  }
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`This is a bug in the agent. Please report it with these lines:\n${stack}\n`)
  return exitCodes.bug
}

process.exit(await main(process.argv.slice(2)))
