import type { Paint } from './paint.ts'

/** Talks to the person. stdout is the answer, stderr the telling. */
export interface Ui {
  /** The answer of a command: a table, a plan, JSON. Goes to stdout. */
  answer(text: string): void
  /** Of the terminal that answers go to; undefined where they go elsewhere. */
  readonly columns: number | undefined
  /** One line of telling. Goes to stderr. */
  say(line: string): void
  warn(line: string): void
  /** False without a TTY or with `--yes`: then nothing may be asked. */
  readonly canAsk: boolean
  /** Colours for `answer` and `say`, or none. */
  readonly paint: Paint
  /** Yes without asking under `--yes`. Without a terminal and without `--yes` a `UserError`, as for all questions. */
  confirm(question: string): Promise<boolean>
  input(
    question: string,
    suggestion: string | undefined,
    wrong: (text: string) => string | undefined,
  ): Promise<string>
  /** Asks without showing what is typed. */
  secret(question: string): Promise<string>
  choose<T extends string>(
    question: string,
    choices: readonly { value: T; label: string }[],
  ): Promise<T>
  /** A list of named steps shown while they run. Nothing else is printed until `end`. */
  steps(titles: readonly string[]): StepDisplay
  /** A bar for each thing that is under way at the same time. Nothing else is printed until `end`. */
  bars(titles: readonly string[]): BarDisplay
}

export interface BarDisplay {
  /** How far it is, undefined where it was not begun, and what is being done. */
  at(index: number, percent: number | undefined, what: string): void
  done(index: number): void
  fail(index: number, why: string): void
  /** A line about all of them. */
  note(line: string): void
  /** Those that are not over stay as they are. */
  end(): Promise<void>
}

export interface StepDisplay {
  start(index: number): void
  /** Shown as a bar with rate and ETA. */
  at(index: number, how: HowFar): void
  done(index: number): void
  fail(index: number, why: string): void
  end(): Promise<void>
}

/** How far something is that takes long. */
export interface HowFar {
  readonly done: number
  /** 0 where nobody knows. */
  readonly total: number
  /** Left out: bytes. */
  readonly of?: 'percent'
  /** The part that is under way, where there are several: each has its own rate. */
  readonly part?: string
}

export type Report = (how: HowFar) => void
