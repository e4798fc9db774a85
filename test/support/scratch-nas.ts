import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../src/errors.ts'
import { realFresh } from '../../src/host/fresh.ts'
import { localHost } from '../../src/host/local.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import { sshTo } from '../../src/host/ssh.ts'
import { run } from '../../src/program.ts'
import type { Tools } from '../../src/tools.ts'
import { type Answer, recordingUi } from './recording-ui.ts'

/** A farm whose roots, TFTP directory and state are real, below a directory of its own. */
export interface ScratchNas {
  readonly dir: string
  readonly roots: string
  readonly state: string
  pifarm(words: readonly string[], options?: ScratchOptions): Promise<ScratchOutcome>
  remove(): void
}

interface ScratchOptions {
  readonly answers?: readonly Answer[]
  readonly signal?: AbortSignal
  /** What `ss` says of the NAS's connections. */
  readonly connections?: string
  /** The socket of an ssh agent. */
  readonly agent?: string
  readonly agentPatienceMs?: number
  readonly env?: Tools['env']
}

export interface ScratchOutcome {
  readonly code: number
  readonly error: string
  readonly hint: string
  readonly said: readonly string[]
  readonly warnings: readonly string[]
  readonly questions: readonly string[]
  /** What the display of its steps was told. */
  readonly steps: readonly string[]
  readonly stdout: string
}

/**
 * The default template of this farm is one that nobody builds, so that a build ends with the
 * template and does not go on to the NAS's services.
 */
export function scratchNas(parent = tmpdir(), more = ''): ScratchNas {
  return nasBelow(fs.mkdtempSync(join(parent, 'pifarm-')), more)
}

/** The same in a directory that is kept for the next run. */
export function cachedNas(dir: string): ScratchNas {
  return nasBelow(dir, '')
}

function nasBelow(dir: string, more: string): ScratchNas {
  const roots = join(dir, 'roots')
  const state = join(dir, 'state')
  fs.mkdirSync(roots, { recursive: true })
  fs.writeFileSync(
    join(dir, 'farm.yaml'),
    `nas: { address: 10.77.0.1, interface: eth0 }
network: { subnet: 10.77.0.0/24, addresses: 10.77.0.50-10.77.0.99, dns: [10.77.0.254] }
paths: { roots: ${roots}, tftp: ${dir}/tftp, state: ${state} }
defaults: { template: another }
${more}`,
  )
  return {
    dir,
    roots,
    state,
    pifarm: (words, options) => pifarm(dir, words, options),
    remove: () => fs.rmSync(dir, { recursive: true, force: true }),
  }
}

async function pifarm(
  dir: string,
  words: readonly string[],
  {
    answers = [],
    signal = new AbortController().signal,
    connections = '',
    agent,
    agentPatienceMs,
    env,
  }: ScratchOptions = {},
): Promise<ScratchOutcome> {
  const ui = recordingUi(...answers)
  const nas = localHost()
  const outcome = (code: number, error = '', hint = ''): ScratchOutcome => ({
    code,
    error,
    hint,
    said: ui.said,
    warnings: ui.warnings,
    questions: ui.questions,
    steps: ui.stepLog,
    stdout: ui.answered.join('\n'),
  })
  try {
    const code = await run(['--config', join(dir, 'farm.yaml'), ...words], async () => ({
      nas: {
        ...nas,
        ask: async (argv, input) =>
          argv[0] === 'ss'
            ? { code: 0, stdout: connections, stderr: '' }
            : await nas.ask(argv, input),
      },
      workshop: localWorkshop(),
      sshTo: async (target, options) =>
        sshTo(target, { ...options, home: dir, agent, agentPatienceMs }),
      ui,
      fresh: realFresh(),
      signal,
      isRoot: true,
      ...(env && { env }),
      command: ['pifarm', ...words].join(' '),
      now: () => new Date('2026-11-22T12:00:00Z'),
    }))
    return outcome(code)
  } catch (error) {
    if (signal.aborted) return outcome(130)
    if (!(error instanceof UserError)) throw error
    return outcome(error.exitCode, error.message, error.hint)
  }
}
