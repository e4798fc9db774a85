import { UserError } from '../../src/errors.ts'
import { localHost } from '../../src/host/local.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import { run } from '../../src/program.ts'
import type { Tools } from '../../src/tools.ts'
import { type Answer, recordingUi } from './recording-ui.ts'

export interface HereOptions {
  /** Given in order; without any there is no terminal. */
  readonly answers?: readonly Answer[]
  readonly signal?: AbortSignal
  readonly sshTo?: Tools['sshTo']
  readonly env?: Tools['env']
  readonly whenUnread?: Tools['whenUnread']
  /** Hears each answer as it comes. */
  readonly heard?: (text: string) => void
  /** Hears each question; it is answered when this is done. */
  readonly asked?: (question: string) => void | Promise<void>
}

/** Runs a command line in this process on this very machine: for commands that touch only what a test made. */
export async function pifarmHere(
  argv: readonly string[],
  {
    answers = [],
    signal = new AbortController().signal,
    sshTo,
    env = {},
    heard,
    asked,
    whenUnread = () => new AbortController().signal,
  }: HereOptions = {},
) {
  const ui = recordingUi(...answers)
  const result = (code: number, error = '', hint = '') => ({
    code,
    error,
    hint,
    stdout: ui.answered.join('\n'),
    stderr: [...ui.said, ...ui.warnings].join('\n'),
    questions: ui.questions,
  })
  const tell = (text: string) => {
    ui.answer(text)
    heard?.(text)
  }
  const confirm = async (question: string) => {
    await asked?.(question)
    return ui.confirm(question)
  }
  const say = (line: string) => {
    ui.say(line)
    heard?.(line)
  }
  try {
    const code = await run(argv, async (yes) => ({
      nas: localHost(),
      workshop: localWorkshop(),
      ui: {
        ...ui,
        answer: tell,
        say,
        confirm,
        ...(yes ? { canAsk: false, confirm: async () => true } : {}),
      },
      fresh: {
        machineId: () => '',
        token: () => '',
        hostKey: async () => ({ privateKey: '', publicKey: '' }),
      },
      sshTo:
        sshTo ??
        (async () => {
          throw new Error('this test has no machine to connect to')
        }),
      signal,
      env,
      whenUnread,
      isRoot: process.getuid?.() === 0,
      command: ['pifarm', ...argv].join(' '),
      now: () => new Date(),
    }))
    return result(code)
  } catch (error) {
    if (signal.aborted) return result(130)
    if (error instanceof UserError) return result(error.exitCode, error.message, error.hint)
    throw error
  }
}
