import * as z from 'zod'
import { exitCodes, UserError } from '../errors.ts'
import type { Shared } from '../program.ts'
import { boardName, wayOf, ways } from '../sd-card/boards.ts'
import type { Tools } from '../tools.ts'
import { bootcodeCard } from './enable-netboot/bootcode-card.ts'
import { fuseCard } from './enable-netboot/fuse-card.ts'
import { livePi } from './enable-netboot/live-pi.ts'
import { reportCard } from './enable-netboot/report-card.ts'
import { flag } from './pi-options.ts'

/** The flags as typed. */
export interface EnableOptions extends Shared {
  readonly bootDir?: string
  readonly device?: string
  readonly image?: string
  readonly ssh?: string
  readonly key?: string
  readonly model?: string
  readonly remove?: true
  readonly report?: true
  readonly listen?: string
  readonly count?: string
  readonly timeout?: string
  readonly bootcodeOnly?: true
  readonly bootcode?: string
  readonly json?: true
}

const board = z
  .string()
  .toLowerCase()
  .pipe(z.enum(Object.keys(ways) as [string, ...string[]]))

/** Lets a Pi boot from the network for good: by a card, or on the running Pi itself. */
export async function enableNetbootSd(tools: Tools, options: EnableOptions): Promise<number> {
  noneOfBoth(options, ['bootDir', 'device', 'image', 'ssh'])
  noneOfBoth(options, ['remove', 'report', 'bootcodeOnly'])
  noneOfBoth(options, ['ssh', 'report', 'bootcodeOnly'])
  noneOfBoth(options, ['image', 'report'])
  onlyWith(options, 'bootcode', ['bootcodeOnly'])
  onlyWith(options, 'listen', ['report'])
  onlyWith(options, 'count', ['report'])
  onlyWith(options, 'key', ['ssh'])
  onlyWith(options, 'timeout', ['ssh', 'report'])
  const model = flag('--model', board, options.model)
  if (options.ssh !== undefined) return await livePi(tools, options, options.ssh, model)
  if (model !== undefined && options.remove === undefined) {
    const way = wayOf(model)
    if (way.kind === 'nothing-to-do') {
      tools.ui.say(`a ${boardName(model)} needs nothing: ${way.why}`)
      if (options.json) tools.ui.answer(JSON.stringify({ model, changed: false }))
      return exitCodes.done
    }
    if (way.kind === 'eeprom')
      throw new UserError(
        `a ${boardName(model)} boots as its EEPROM says; no card can change that`,
        {
          hint: 'start it from a card with Raspberry Pi OS, then: pifarm enable-netboot-sd --ssh pi@ADDRESS',
        },
      )
    if (way.kind === 'bootcode-card' && options.bootcodeOnly === undefined)
      throw new UserError(`a ${boardName(model)} has no fuse for this: ${way.why}`, {
        hint: 'it can boot from a card that holds only bootcode.bin: --bootcode-only',
      })
  }
  if (options.bootcodeOnly) return await bootcodeCard(tools, options)
  if (options.report) return await reportCard(tools, options)
  return await fuseCard(tools, options)
}

/** Throws a `UserError` where two flags are given of which at most one makes sense. */
function noneOfBoth(options: EnableOptions, names: readonly (keyof EnableOptions)[]): void {
  const [one, other] = names.filter((name) => options[name] !== undefined).map(spelled)
  if (one !== undefined && other !== undefined)
    throw new UserError(`${one} and ${other} do not go together`, {
      hint: 'see pifarm enable-netboot-sd --help',
    })
}

/** Throws a `UserError` where a flag is given that means nothing without one of the others. */
function onlyWith(
  options: EnableOptions,
  name: keyof EnableOptions,
  others: readonly (keyof EnableOptions)[],
): void {
  if (options[name] === undefined || others.some((other) => options[other] !== undefined)) return
  throw new UserError(`${spelled(name)} goes with ${others.map(spelled).join(' or ')} only`, {
    hint: 'see pifarm enable-netboot-sd --help',
  })
}

/** As it is written on the command line. */
function spelled(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
