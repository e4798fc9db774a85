import { exitCodes, quoted, UserError } from '../errors.ts'
import { addressProblem } from '../farm/addresses.ts'
import { nextAddress, nextMuxid, nextName } from '../farm/allocate.ts'
import * as edit from '../farm/edit.ts'
import { type Farm, type Pi, rootOf } from '../farm/farm.ts'
import type { PiSettings } from '../farm/farm-schema.ts'
import { nodeAt, place } from '../farm/farm-text.ts'
import { hostName, type Ipv4, type Mac, type Serial } from '../farm/schema.ts'
import { isDoubtfulPair } from '../netboot/serial-and-mac.ts'
import { insideRoot } from '../netboot/simulate/inside-root.ts'
import type { Shared } from '../program.ts'
import { addressesInUse } from '../resources/addresses-in-use.ts'
import { foreignToPis } from '../root-template/architecture.ts'
import type { Tools } from '../tools.ts'
import { awaitSerial, guessedSerial, knownSerial } from './await-serial.ts'
import { type Changed, changeFarm } from './change-farm.ts'
import { readTimeout } from './deadline.ts'
import { offerRequestLog } from './mend-request-log.ts'
import { flag, type PiOptions, readPiOptions } from './pi-options.ts'
import { type LoadedFarm, withCleanFarm, withFarm } from './session.ts'
import { warnForeign } from './warn-foreign.ts'

interface AddPiOptions extends PiOptions, Shared {
  readonly name?: string
  readonly wait: boolean
  readonly timeout?: string
  readonly plan?: true
  readonly json?: true
}

type Wanted = Partial<PiSettings> & { readonly mac: Mac }

/**
 * Puts a Pi into the farm. Without a serial everything but its TFTP directory is laid, and the Pi
 * is awaited in the log; called again for a pending Pi it goes on from there.
 */
export async function addPi(tools: Tools, options: AddPiOptions): Promise<number> {
  const timeout = readTimeout(options.timeout)
  const name = flag('--name', hostName, options.name)
  const wanted = { ...readPiOptions(options), ...(name && { name }) } as Wanted
  const session = options.plan ? withFarm : withCleanFarm
  const laid = await session(tools, options.config, (loaded) => lay(tools, loaded, wanted, options))
  if (laid.code !== exitCodes.done || options.plan) return laid.code
  const isAwaited = options.wait && piOf(laid.farm, wanted.mac).serial === undefined
  const { code, farm } = isAwaited
    ? await complete(tools, options, laid.farm, wanted.mac, timeout)
    : laid
  if (code !== exitCodes.done) return code
  const pi = piOf(farm, wanted.mac)
  tell(tools, pi, options)
  await warnOfInit(tools, farm, pi)
  return code
}

/** A Pi whose template is for PCs stops only where it starts its init, without a word to the NAS. */
async function warnOfInit({ nas, ui }: Tools, farm: Farm, pi: Pi): Promise<void> {
  const root = rootOf(farm, pi)
  const init = await insideRoot((path) => nas.read(root + path), '/sbin/init')
  if (init?.kind === 'file') warnForeign(ui, `the root of ${pi.name}`, foreignToPis(init))
}

function tell({ ui }: Tools, pi: Pi, { json }: AddPiOptions): void {
  const serial = pi.serial === undefined ? 'pending until it asks' : `serial ${pi.serial}`
  if (json) ui.answer(JSON.stringify(pi))
  else ui.say(`${pi.name} is in the farm: ${pi.address}, ${serial}, muxid ${pi.muxid}`)
}

async function lay(
  tools: Tools,
  loaded: LoadedFarm,
  wanted: Wanted,
  options: AddPiOptions,
): Promise<Changed> {
  const { farm } = loaded
  const known = wanted.serial ?? (await knownSerial(tools.nas, farm, wanted.mac))
  const there = farm.pis.find(
    (pi) => pi.mac === wanted.mac && (wanted.name === undefined || pi.name === wanted.name),
  )
  if (there !== undefined) refuseOtherSettings(there, wanted)
  else refuseTaken(loaded, wanted)
  const serial =
    known ?? (there?.serial === undefined ? await confirmGuess(tools, farm, wanted.mac) : undefined)
  const model = wanted.model ?? there?.model ?? farm.defaults.model
  if (serial !== undefined && there?.serial === undefined)
    await questionPair(tools, model, wanted.mac, serial)
  const edited = there
    ? edit.setPi(loaded.source, there.name, { serial: there.serial ?? serial })
    : edit.addPi(loaded.source, await entryFor(tools, farm, { ...wanted, serial }))
  return await changeFarm(tools, loaded, edited, { planOnly: options.plan === true })
}

/** Anybody on the wire can ask for a name with six digits of somebody else's: a person has to say. */
async function confirmGuess({ nas, ui }: Tools, farm: Farm, mac: Mac): Promise<Serial | undefined> {
  const guess = await guessedSerial(nas, farm, mac)
  if (guess === undefined) return undefined
  ui.warn(
    `serial ${guess} has asked to boot, and only the six digits it shares with ${mac} speak for its being this Pi`,
  )
  if (ui.canAsk && (await ui.confirm(`Is ${guess} the serial of this Pi?`))) return guess
  ui.say(`if it is this Pi: --serial ${guess}`)
  return undefined
}

/** What stands in farm.yaml: what was given, and what is allocated for what was not. */
async function entryFor(
  tools: Tools,
  farm: Farm,
  wanted: Omit<Wanted, 'serial'> & { readonly serial: Serial | undefined },
): Promise<edit.PiEdit> {
  const { name, mac, serial, address, muxid, ...rest } = wanted
  return {
    name: name ?? nextName(farm),
    mac,
    serial,
    address: usable(farm, address) ?? (await freeAddress(tools, farm)),
    muxid: muxid ?? nextMuxid(farm),
    ...rest,
  }
}

async function freeAddress({ nas }: Tools, farm: Farm): Promise<Ipv4> {
  const { taken, inRange } = await addressesInUse(farm, nas)
  return nextAddress(farm, taken, inRange)
}

function usable(farm: Farm, address: Ipv4 | undefined): Ipv4 | undefined {
  const problem = address && addressProblem(farm.network.subnet, address)
  if (problem)
    throw new UserError(`bad --ip: ${problem}`, {
      hint: 'leave it out and the next free one is taken',
    })
  return address
}

/** The same command again is no mistake; the same Pi with other settings is. */
function refuseOtherSettings(there: Pi, wanted: Wanted): void {
  for (const [key, value] of Object.entries(wanted)) {
    const now = there[key as keyof Pi]
    if (now !== value && !(key === 'serial' && now === undefined))
      throw new UserError(
        `${there.name} is in the farm already, with ${key} ${quoted(now ?? 'unset')}`,
        {
          hint: `to change it: pifarm set-pi ${there.name}`,
        },
      )
  }
}

/** Says where a name, MAC, serial, address or muxid is in use, before anything is made of it. */
export function refuseTaken(
  { source, farm }: LoadedFarm,
  wanted: Partial<PiSettings>,
  owner?: Pi,
): void {
  for (const key of ['name', 'mac', 'serial', 'address', 'muxid'] as const) {
    const value = wanted[key]
    if (value === undefined) continue
    const index = farm.pis.findIndex(
      (pi) => pi !== owner && String(pi[key]).toLowerCase() === String(value).toLowerCase(),
    )
    const holder = farm.pis[index]
    if (holder === undefined) continue
    const at = place(source, nodeAt(source, ['pis', index, key]).node?.range?.[0] ?? 0)
    throw new UserError(`${key} ${quoted(value)} is in use by ${holder.name} (${at})`, {
      hint: 'see all with: pifarm list',
    })
  }
}

/** On a Pi 1-3 the MAC is made from the serial: a pair that disagrees is most likely a slip. */
export async function questionPair(
  tools: Tools,
  model: Pi['model'],
  mac: Mac,
  serial: Serial,
): Promise<void> {
  if (!isDoubtfulPair(model, mac, serial)) return
  tools.ui.warn(
    `on a Pi ${model} MAC and serial end in the same six digits; ${mac} and ${serial} do not`,
  )
  if (!(await tools.ui.confirm('Is this pair right?')))
    throw new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
}

/** Waits until the Pi asks for its files, and gives it its TFTP directory. The lock is free meanwhile. */
async function complete(
  tools: Tools,
  options: AddPiOptions,
  farm: Farm,
  mac: Mac,
  timeout: number | undefined,
): Promise<Changed> {
  const pi = piOf(farm, mac)
  await offerRequestLog(tools, options)
  tools.ui.say(`power ${pi.name} on now; Ctrl-C leaves it pending, the same command goes on later`)
  const serial = await awaitSerial(tools, farm, pi, timeout)
  tools.ui.say(`${pi.name} asked for its files: its serial is ${serial}`)
  const changed = await withCleanFarm(tools, options.config, (loaded) =>
    changeFarm(tools, loaded, edit.setPi(loaded.source, pi.name, { serial })),
  )
  if (changed.code === exitCodes.done)
    tools.ui.say(`power ${pi.name} off and on again: it boots now`)
  return changed
}

function piOf(farm: Farm, mac: Mac): Pi {
  const pi = farm.pis.find((candidate) => candidate.mac === mac)
  if (pi === undefined) throw new Error(`${mac} is not in the farm it was just added to`)
  return pi
}
