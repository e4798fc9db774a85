import { exitCodes, UserError } from '../errors.ts'
import { type Paint, plain } from './paint.ts'
import { lineBars, redrawnBars } from './show-bars.ts'
import { lineSteps, listSteps } from './show-steps.ts'
import type { Ui } from './ui.ts'
import { visible, visibleLines } from './visible.ts'

interface TerminalOptions {
  /** `--yes`: nothing is asked. */
  readonly yes: boolean
  readonly stdin?: NodeJS.ReadStream
  readonly stdout?: NodeJS.WriteStream
  readonly stderr?: NodeJS.WriteStream
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * The Ui on a real terminal. chalk, listr2 and inquirer are imported when they are first needed: together
 * they take longer to load than most commands take to run.
 */
export async function terminal({
  yes,
  stdin = process.stdin,
  stdout = process.stdout,
  stderr = process.stderr,
  env = process.env,
}: TerminalOptions): Promise<Ui> {
  const canAsk = !yes && !env.CI && stdin.isTTY === true && stderr.isTTY === true
  // Both: a plan goes to either, so neither may be a file; and listr2 looks at stdout alone.
  const live = stdout.isTTY === true && stderr.isTTY === true && env.TERM !== 'dumb' && !env.CI
  const colour = live && !env.NO_COLOR

  async function ask<T>(question: Question): Promise<T> {
    if (!canAsk) {
      throw new UserError(`there is no terminal to ask on: ${question.message}`, {
        hint: 'give the answer as a flag (see --help), or --yes',
      })
    }
    const { default: inquirer } = await import('inquirer')
    const prompt = inquirer.createPromptModule({ input: stdin, output: stderr })
    try {
      // Questions quote labels of cards, and names of hosts and directories.
      const message = visibleLines(question.message)
      const answers = await prompt([{ ...question, message, name: 'answer' }])
      return answers.answer as T
    } catch (cause) {
      if (!(cause instanceof Error) || cause.name !== 'ExitPromptError') throw cause
      throw new UserError('interrupted', { exitCode: exitCodes.interrupted, cause })
    }
  }

  return {
    canAsk,
    paint: colour ? await colours() : plain,
    columns: stdout.isTTY === true ? stdout.columns || 80 : undefined,
    answer(text) {
      stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    },
    say(line) {
      stderr.write(`${line}\n`)
    },
    warn(line) {
      // Warnings quote daemons and logs.
      stderr.write(`warning: ${visibleLines(line)}\n`)
    },
    confirm: async (message) =>
      yes || (await ask<boolean>({ type: 'confirm', message, default: false })),
    input: (message, suggestion, wrong) =>
      ask({
        type: 'input',
        message,
        ...(suggestion === undefined ? {} : { default: suggestion }),
        validate: (text) => wrong(text) ?? true,
      }),
    secret: (message) => ask({ type: 'password', message, mask: false }),
    choose: (message, choices) =>
      ask({
        type: 'select',
        message,
        choices: choices.map(({ value, label }) => ({ value, name: visible(label) })),
      }),
    steps(titles) {
      const shown = titles.map(visible)
      const write = (text: string) => stderr.write(text)
      if (!live) return lineSteps(shown, write)
      // A list that is longer than the screen cannot be redrawn in place.
      if (titles.length < stderr.rows - 2) return listSteps(shown, stdout, stderr)
      return lineSteps(shown, write, () => stderr.columns || 80)
    },
    bars(titles) {
      const shown = titles.map(visible)
      return live && titles.length < stderr.rows - 2
        ? redrawnBars(shown, stderr)
        : lineBars(shown, (text) => stderr.write(text))
    },
  }
}

type Question =
  | { readonly type: 'confirm'; readonly message: string; readonly default: boolean }
  | {
      readonly type: 'input'
      readonly message: string
      readonly default?: string
      readonly validate: (text: string) => string | true
    }
  | { readonly type: 'password'; readonly message: string; readonly mask: false }
  | {
      readonly type: 'select'
      readonly message: string
      readonly choices: readonly { readonly value: string; readonly name: string }[]
    }

async function colours(): Promise<Paint> {
  const { Chalk } = await import('chalk')
  const chalk = new Chalk({ level: 1 })
  return { add: chalk.green, remove: chalk.red, dim: chalk.dim, bold: chalk.bold }
}
