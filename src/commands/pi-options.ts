import type { z } from 'zod'
import { quoted, UserError } from '../errors.ts'
import { type PiSettings, pi as piSchema } from '../farm/farm-schema.ts'
import { meaning } from '../farm/load.ts'

/** The flags that add-pi and set-pi share, as typed. */
export interface PiOptions {
  readonly mac?: string
  readonly serial?: string
  readonly ip?: string
  readonly muxid?: string
  readonly template?: string
  readonly model?: string
  readonly muxhwdec?: boolean
  readonly gpuMem?: string
  readonly decodeMpg2?: string
  readonly decodeWvc1?: string
  readonly rootOptions?: string
  readonly cmdlineExtra?: string
}

const fields = piSchema.shape

/** The settings that were given, each checked. Throws a `UserError` that names the flag. */
export function readPiOptions(options: PiOptions): Partial<PiSettings> {
  const given: { [K in keyof PiSettings]: PiSettings[K] | undefined } = {
    name: undefined as never,
    mac: flag('--mac', fields.mac, options.mac) as never,
    serial: flag('--serial', fields.serial, options.serial),
    address: flag('--ip', fields.address, options.ip) as never,
    muxid: flag('--muxid', fields.muxid, number(options.muxid)) as never,
    template: flag('--template', fields.template, options.template),
    model: flag('--model', fields.model, options.model),
    muxhwdec: options.muxhwdec,
    gpu_mem: flag('--gpu-mem', fields.gpu_mem, number(options.gpuMem)),
    decode_mpg2: flag('--decode-mpg2', fields.decode_mpg2, options.decodeMpg2),
    decode_wvc1: flag('--decode-wvc1', fields.decode_wvc1, options.decodeWvc1),
    root_options: flag('--root-options', fields.root_options, options.rootOptions),
    cmdline_extra: flag('--cmdline-extra', fields.cmdline_extra, options.cmdlineExtra),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** One flag's value through its schema; undefined stays undefined. */
export function flag<T>(name: string, schema: z.ZodType<T>, value: unknown): T | undefined {
  if (value === undefined) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new UserError(`bad ${name} ${quoted(value)}`, { hint: issue && meaning(issue) })
}

/** Digits become a number; anything else is left for the schema to refuse. */
function number(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text
}
