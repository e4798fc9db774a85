import { type Command, Option } from 'commander'
import type { Tools } from '../tools.ts'

/**
 * Binds a command to its handler: options in, exit code out. The handler is imported only when it
 * runs: start-up counts. `named`: the keys under which it gets the arguments.
 */
export type Does = (
  command: Command,
  load: () => Promise<Handler>,
  named?: readonly string[],
) => void

/** Each has options of its own, which commander has made from the flags beside it. */
export type Handler = (tools: Tools, options: never) => Promise<number>

/** Of a command that may be given several things to do. */
export const someAreDone = '; 4: only some are done, the others are named'

/** The end of every help text. */
export function example(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n\nExit status: see pifarm --help`
}

/** Makes a list of a flag that may be given several times. */
export function collect(value: string, before: readonly string[] | true = []): readonly string[] {
  // true is what `--no-...` of the same name leaves as the default.
  return before === true ? [value] : [...before, value]
}

export function modelOption(): Option {
  const option = new Option('--model <model>', 'the board')
  // Named in the help; the handler judges, as it does every value, and says so in the same words.
  option.choices(['3b', '3b+', '4', '400', 'cm4', '5'])
  // People write 3B+, as it stands on the board.
  return option.argParser((value) => value.toLowerCase())
}

/** A command that asks a controller: where it is and what is shown to it. */
export function asksController(command: Command): Command {
  return command
    .option('--controller <url>', 'left out: that of farm.yaml, e.g. http://10.77.0.1:8080')
    .option('--token-file <file>', "with the admin token; left out: the state directory's")
    .option('--ca <file>', "trust this certificate; left out: farm.yaml's controller.tls_cert")
}
