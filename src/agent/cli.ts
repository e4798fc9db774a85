import { parseArgs } from 'node:util'
import { UserError } from '../errors.ts'
import type { Ladder } from '../protocol/job.ts'
import { readLadder } from './commands/read-ladder.ts'

export const help = `Usage: agent.mjs [command] [options]

Turns videos into HLS: as a service that asks a controller for jobs, or by hand.

Commands:
  run                        asks the controller for jobs until it is stopped (default)
  once --input X --output D  muxes one file without a controller; D appears whole or not at all
  probe                      tries what this machine can encode and decode
  verify D                   judges an HLS directory by RFC 8216 and Apple's rules

Options of run:
  --config F       configuration (default: /etc/pifarm-agent.json)
  --token-file F   the token of this muxer (default: /etc/pifarm-agent.token)
  --cmdline F      boot options (default: /proc/cmdline)

Options of once:
  --ladder L       profile (default), multiplier, multiplier:1,0.5,0.25,
                   or renditions as HEIGHT:KBPS, e.g. 720:2500,360:800
  --segments S     ts (default) or fmp4
  --encrypt        AES-128
  --replace        an output that is there is replaced
  --scratch D      directory for temporary files (default: below the directory of the output)
  --hwdec          hardware decoders may be used; also for probe

Options of probe and verify:
  --json           the answer as JSON
  --decode         verify: decodes every segment too

  -h, --help       shows this
  -V, --version    shows the version

Exit codes: 0 done, 1 a bug, 2 wrong usage or configuration, 3 no HLS was made or it is not good,
130 interrupted.

Examples:
  node agent.mjs once --input film.ts --output film.ts.hls
  node agent.mjs verify film.ts.hls
`

export type AgentCommand =
  | { readonly kind: 'help' | 'version' | 'share-work' }
  | {
      readonly kind: 'run'
      readonly config: string
      readonly tokenFile: string
      readonly cmdline: string
    }
  | {
      readonly kind: 'once'
      readonly input: string
      readonly output: string
      readonly ladder: Ladder
      readonly segments: 'ts' | 'fmp4'
      readonly encrypt: boolean
      readonly replace: boolean
      readonly scratch: string | undefined
      readonly hwdec: boolean
    }
  | { readonly kind: 'probe'; readonly json: boolean; readonly hwdec: boolean }
  | {
      readonly kind: 'verify'
      readonly dir: string
      readonly json: boolean
      readonly decode: boolean
    }

const flags = {
  run: ['config', 'token-file', 'cmdline'],
  once: ['input', 'output', 'ladder', 'segments', 'encrypt', 'replace', 'scratch', 'hwdec'],
  probe: ['json', 'hwdec'],
  verify: ['json', 'decode'],
  'share-work': [],
} as const
type Name = keyof typeof flags

/** Reads the command line; throws a UserError for what it does not know. */
export function readCommand(argv: readonly string[]): AgentCommand {
  const { values, positionals } = parse(argv)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const [name = 'run', ...rest] = positionals
  if (!isCommand(name)) throw wrong(`there is no command "${name}"`)
  const [strange] = Object.keys(values).filter((each) => !flags[name].some((flag) => flag === each))
  if (strange !== undefined) throw wrong(`--${strange} is no option of ${name}`)
  if (rest.length > (name === 'verify' ? 1 : 0))
    throw wrong(`"${rest.at(-1)}" is one word too many`)
  switch (name) {
    case 'share-work':
      return { kind: name }
    case 'run':
      return {
        kind: name,
        config: values.config ?? '/etc/pifarm-agent.json',
        tokenFile: values['token-file'] ?? '/etc/pifarm-agent.token',
        cmdline: values.cmdline ?? '/proc/cmdline',
      }
    case 'once':
      return {
        kind: name,
        input: needed(values.input, '--input FILE'),
        output: needed(values.output, '--output DIR'),
        ladder: readLadder(values.ladder ?? 'profile'),
        segments: segmentsOf(values.segments ?? 'ts'),
        encrypt: values.encrypt ?? false,
        replace: values.replace ?? false,
        scratch: values.scratch,
        hwdec: values.hwdec ?? false,
      }
    case 'probe':
      return { kind: name, json: values.json ?? false, hwdec: values.hwdec ?? false }
    case 'verify':
      return {
        kind: name,
        dir: needed(rest[0], 'the directory'),
        json: values.json ?? false,
        decode: values.decode ?? false,
      }
  }
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const
  const yes = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { ...yes, short: 'h' },
        version: { ...yes, short: 'V' },
        config: text,
        'token-file': text,
        cmdline: text,
        input: text,
        output: text,
        ladder: text,
        segments: text,
        scratch: text,
        encrypt: yes,
        replace: yes,
        hwdec: yes,
        json: yes,
        decode: yes,
      },
    })
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] ?? '')
  }
}

function isCommand(name: string): name is Name {
  return Object.hasOwn(flags, name)
}

function segmentsOf(text: string): 'ts' | 'fmp4' {
  if (text === 'ts' || text === 'fmp4') return text
  throw wrong(`--segments is ts or fmp4, not "${text}"`)
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw wrong(`${what} is missing`)
}

function wrong(message: string): UserError {
  return new UserError(message, { hint: 'see: agent.mjs --help' })
}
