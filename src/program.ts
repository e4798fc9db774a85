import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { exitCodes } from './errors.ts'
import type { Does } from './program/command.ts'
import { controller } from './program/controller.ts'
import { init } from './program/init.ts'
import { jobs } from './program/jobs.ts'
import { muxers } from './program/muxers.ts'
import { netboot } from './program/netboot.ts'
import { pis } from './program/pis.ts'
import { runs } from './program/runs.ts'
import { template } from './program/template.ts'
import type { Tools } from './tools.ts'
import { visibleLines } from './ui/visible.ts'
import { version } from './version.ts'

/** Makes the real tools when a command is about to run; `yes` means that nothing may be asked. */
export type MakeTools = (yes: boolean) => Promise<Tools>

const exitCodeHelp = `
Exit status:
  0 done                       4 failed, needs hands (says where)
  1 a bug in pifarm            5 changes pending (plan --exit-code, status)
  2 wrong usage or farm.yaml   6 another run holds the lock
  3 failed, put back; a Pi that nobody asked for in time stays pending
  7 declined                   130 interrupted`

/** Runs one command line. Each group of commands declares its own, in src/program/<group>.ts. */
export async function run(argv: readonly string[], makeTools: MakeTools): Promise<number> {
  let exitCode: number = exitCodes.done
  const program = new Command('pifarm')
    .description(
      'Network-booted Raspberry Pis from one Debian NAS: root, NFS, DHCP, TFTP, firewall',
    )
    .version(version(), '-V, --version')
    .option('-c, --config <file>', 'the farm', '/etc/pifarm/farm.yaml')
    .option('-y, --yes', 'answer every question with yes, take every default')
    .addHelpText('after', exitCodeHelp)
    .configureHelp({ showGlobalOptions: true })
    // What was typed is in it, and may have been pasted.
    .configureOutput({ outputError: (text, write) => write(visibleLines(text)) })
    .exitOverride()

  const does: Does = (command, load, named = []) => {
    command.exitOverride().action(async (...args: unknown[]) => {
      const options = command.optsWithGlobals()
      // Records name it, and are read from another directory.
      options.config = resolve(options.config)
      options.isConfigNamed = command.getOptionValueSourceWithGlobals('config') === 'cli'
      named.forEach((name, index) => {
        options[name] = args[index]
      })
      const tools = await makeTools(options.yes === true)
      const handler = await load()
      exitCode = await handler(tools, options as never)
    })
  }
  // The order of the help.
  const groups = [init, pis, runs, netboot, template, controller, jobs, muxers]
  for (const declare of groups) declare(program, does)

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // commander has printed its message; --help and --version end with 0.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  }
  return exitCode
}

/** What every handler gets beside its own options. */
export interface Shared {
  readonly config: string
  /** It was given, and is not the one that every command takes. */
  readonly isConfigNamed?: boolean
  readonly yes?: true
}
