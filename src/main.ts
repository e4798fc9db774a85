import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { exitCodes, UserError } from './errors.ts'
import { packageFile } from './package-file.ts'
import type { Tools } from './tools.ts'
import { visibleLines } from './ui/visible.ts'
import { version } from './version.ts'

/** Wires the real tools, runs the program and turns its errors into exit codes: the only exit. */
async function main(argv: readonly string[]): Promise<number> {
  // These two before anything is imported: half of their time would be commander's.
  const only = argv.length === 1 ? argv[0] : undefined
  if (only === '--version' || only === '-V') {
    process.stdout.write(`${version()}\n`)
    return exitCodes.done
  }
  if (only === '--help' || only === '-h') {
    // What commander would say to a terminal of 80 columns; a test holds it to that.
    process.stdout.write(readFileSync(packageFile('docs/help.txt')))
    return exitCodes.done
  }
  process.env.PATH = withSystemPrograms(process.env.PATH)
  const interrupt = new AbortController()
  // A dropped ssh session must put back too.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.stderr.write('please wait: putting things back\n')
      interrupt.abort()
    })
  // Whoever read the output has gone, as `head` does: the run goes on to its end, unheard.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  try {
    const { run } = await import('./program.ts')
    return await run(argv, (yes) => realTools(argv, interrupt.signal, yes))
  } catch (error) {
    return report(error, interrupt.signal)
  }
}

async function realTools(
  argv: readonly string[],
  signal: AbortSignal,
  yes: boolean,
): Promise<Tools> {
  const [{ localHost }, { localWorkshop }, { terminal }, { realFresh }, { whenUnread }] =
    await Promise.all([
      import('./host/local.ts'),
      import('./host/local-workshop.ts'),
      import('./ui/terminal.ts'),
      import('./host/fresh.ts'),
      import('./host/when-unread.ts'),
    ])
  return {
    nas: localHost(),
    workshop: localWorkshop(),
    ui: await terminal({ yes }),
    fresh: realFresh(),
    sshTo: async (target, options) => {
      const { sshTo } = await import('./host/ssh.ts')
      const { SSH_AUTH_SOCK: agent, SUDO_USER: caller } = process.env
      const agentHidden = !agent && caller !== undefined
      return sshTo(target, { home: homedir(), ...options, agent: agent || undefined, agentHidden })
    },
    signal,
    now: () => new Date(),
    env: process.env,
    isRoot: process.getuid?.() === 0,
    command: ['pifarm', ...argv].join(' '),
    hearPis: async (until, now) =>
      (await import('./netboot/dhcp-listener.ts')).listenForPis(until, now),
    whenUnread,
  }
}

/** `su` without a dash and cron leave out where most of what pifarm runs lies. */
function withSystemPrograms(path = '/usr/bin:/bin'): string {
  const dirs = path.split(':')
  return [...dirs, ...['/usr/sbin', '/sbin'].filter((dir) => !dirs.includes(dir))].join(':')
}

function report(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) {
    process.stderr.write('interrupted\n')
    return exitCodes.interrupted
  }
  // Messages quote files and daemons: nothing in them may reach the terminal as a command.
  if (error instanceof UserError) {
    process.stderr.write(`pifarm: ${visibleLines(error.message)}\n`)
    if (error.hint !== undefined) process.stderr.write(`  ${visibleLines(error.hint)}\n`)
    return error.exitCode
  }
  // No such file, permission denied: Node names path and reason.
  if (error instanceof Error && 'errno' in error) {
    process.stderr.write(`pifarm: ${visibleLines(error.message)}\n`)
    return exitCodes.usage
  }
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`This is a bug in pifarm. Please report it with these lines:\n${stack}\n`)
  return exitCodes.bug
}

process.exitCode = await main(process.argv.slice(2))
