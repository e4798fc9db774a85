import type * as z from 'zod'
import { quoted, UserError } from '../../errors.ts'
import { label, muxerId } from '../../protocol/job.ts'
import { type AgentConfig, agentConfig, controllers } from './agent-config.ts'
import { type BootOptions, bootOptions } from './boot-options.ts'

/** The texts that the settings are made of; undefined where a file is not there. */
export interface SettingsTexts {
  readonly cmdline: string
  readonly config: string | undefined
  /** For messages. */
  readonly configPath: string
  readonly serial: string | undefined
}

/** Everything that a person can set, put together and checked. */
export interface AgentSettings {
  /** Undefined: neither set nor a board with a serial. */
  readonly muxid: string | undefined
  /** They share a queue: it is the same which of them is asked. */
  readonly controllers: readonly string[] | undefined
  readonly caFile: string | undefined
  readonly labels: readonly string[]
  readonly hardwareDecoding: boolean
  readonly mediaDir: string
  readonly mountCommand: readonly string[] | null
  readonly originalsDir: string
  readonly lockFile: string
  readonly stateDir: string
  readonly scratchDir: string
  readonly maxSide: number | undefined
  readonly stableSeconds: number
}

/** Boot options win over the configuration file: they are what differs from Pi to Pi. */
export function agentSettings(texts: SettingsTexts): AgentSettings {
  const config = readConfig(texts)
  const boot = bootOptions(texts.cmdline)
  const muxid = bootOption(boot, 'muxid', muxerId) ?? config.muxid ?? texts.serial
  return {
    muxid,
    controllers: bootOption(boot, 'muxcnc', controllers) ?? config.controller,
    caFile: config.caFile,
    labels: labelsOf(boot) ?? config.labels,
    hardwareDecoding: switchOf(boot) ?? config.hardwareDecoding,
    mediaDir: config.mediaDir,
    mountCommand:
      config.mountCommand === undefined ? ['mount', config.mediaDir] : config.mountCommand,
    originalsDir: config.originalsDir,
    lockFile: config.lockFile,
    stateDir: config.stateDir,
    scratchDir: config.scratchDir ?? `${config.stateDir}/scratch`,
    maxSide: config.maxSide,
    stableSeconds: config.stableSeconds,
  }
}

function readConfig({ config, configPath }: SettingsTexts): AgentConfig {
  let value: unknown
  try {
    value = JSON.parse(config ?? '{}')
  } catch (cause) {
    throw new UserError(`${configPath} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const parsed = agentConfig.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue?.path.join('.') || 'the whole'
  throw new UserError(`${configPath}: ${at}: ${issue && meaning(issue)}`, {
    hint: `it may hold: ${Object.keys(agentConfig.shape).join(', ')}`,
  })
}

/** `"muxid": 1` is what people write; the library speaks of types. */
function meaning(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || issue.expected !== 'string') return issue.message
  if (typeof issue.input !== 'number') return issue.message
  return `it is a text, in quotes: "${issue.input}"`
}

function bootOption<T>(boot: BootOptions, name: keyof BootOptions, schema: z.ZodType<T>) {
  const text = boot[name]
  return text === undefined || text === '' ? undefined : checked(name, schema, text)
}

function labelsOf({ muxlabels }: BootOptions): readonly string[] | undefined {
  const words = muxlabels?.split(',').filter((word) => word !== '')
  return words?.map((word) => checked('muxlabels', label, word))
}

function checked<T>(name: keyof BootOptions, schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(text)
  if (parsed.success) return parsed.data
  throw new UserError(
    `the boot option ${name}= holds ${quoted(text)}: ${parsed.error.issues[0]?.message}`,
    {
      hint: `mend ${name}= in cmdline.txt of this Pi on the TFTP server`,
    },
  )
}

function switchOf({ muxhwdec }: BootOptions): boolean | undefined {
  return muxhwdec === undefined ? undefined : !['', '0', 'n', 'no', 'off'].includes(muxhwdec)
}
