import { exitCodes, quoted, UserError } from '../errors.ts'
import { nextAddress, nextMuxid, nextName } from '../farm/allocate.ts'
import * as edit from '../farm/edit.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import { nodeAt, place } from '../farm/farm-text.ts'
import { hostName, type Mac, type PiSettings, type Serial } from '../farm/schema.ts'
import { isDoubtfulPair } from '../netboot/serial-and-mac.ts'
import type { Shared } from '../program.ts'
import { addressesInUse, readDhcpFacts } from '../resources/dhcp/facts.ts'
import type { Tools } from '../tools.ts'
import { awaitSerial, knownSerial } from './await-serial.ts'
import { changeFarm } from './change-farm.ts'
import { readTimeout } from './deadline.ts'
import { flag, type PiOptions, readPiOptions } from './pi-options.ts'
import { type LoadedFarm, readFarm, withFarm } from './session.ts'

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
  const laid = await withFarm(tools, options.config, (loaded) =>
    lay(tools, loaded, wanted, options),
  )
  if (laid !== exitCodes.done || options.plan) return laid
  const pi = await find(tools, options.config, wanted.mac)
  const isAwaited = pi.serial === undefined && options.wait
  const done = isAwaited ? await complete(tools, options.config, pi, timeout) : laid
  if (options.json) tools.ui.answer(JSON.stringify(await find(tools, options.config, wanted.mac)))
  return done
}

async function lay(
  tools: Tools,
  loaded: LoadedFarm,
  wanted: Wanted,
  options: AddPiOptions,
): Promise<number> {
  const { farm } = loaded
  const serial = wanted.serial ?? (await knownSerial(tools.nas, farm, wanted.mac))
  const there = farm.pis.find(
    (pi) => pi.mac === wanted.mac && (wanted.name === undefined || pi.name === wanted.name),
  )
  if (there !== undefined) refuseOtherSettings(there, wanted)
  else refuseTaken(loaded, wanted)
  const model = wanted.model ?? there?.model ?? farm.defaults.model
  if (serial !== undefined && there?.serial === undefined)
    await questionPair(tools, model, wanted.mac, serial)
  const edited = there
    ? edit.setPi(loaded.source, there.name, { serial: there.serial ?? serial })
    : edit.addPi(loaded.source, await entryFor(tools, farm, { ...wanted, serial }))
  return await changeFarm(tools, loaded, edited, { planOnly: options.plan === true })
}

/** What stands in farm.yaml: what was given, and what is allocated for what was not. */
async function entryFor(
  tools: Tools,
  farm: Farm,
  wanted: Omit<Wanted, 'serial'> & { readonly serial: Serial | undefined },
): Promise<edit.PiEdit> {
  const { name, mac, serial, address, muxid, ...rest } = wanted
  const inUse = addressesInUse(await readDhcpFacts(tools.nas, farm))
  return {
    name: name ?? nextName(farm),
    mac,
    serial,
    address: address ?? nextAddress(farm, inUse.taken, inUse.inRange),
    muxid: muxid ?? nextMuxid(farm),
    ...rest,
  }
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
function refuseTaken({ source, farm }: LoadedFarm, wanted: Wanted): void {
  for (const key of ['name', 'mac', 'serial', 'address', 'muxid'] as const) {
    const value = wanted[key]
    if (value === undefined) continue
    const index = farm.pis.findIndex(
      (pi) => String(pi[key]).toLowerCase() === String(value).toLowerCase(),
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
    `MAC ${mac} and serial ${serial} do not end in the same six digits, as on every Pi ${model}`,
  )
  if (!(await tools.ui.confirm('Is this pair right?')))
    throw new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
}

/** Waits until the Pi asks for its files, and gives it its TFTP directory. The lock is free meanwhile. */
async function complete(
  tools: Tools,
  config: string,
  pi: Pi,
  timeout: number | undefined,
): Promise<number> {
  const { farm } = await readFarm(tools.nas, config)
  tools.ui.say(`power ${pi.name} on now; Ctrl-C leaves it pending, the same command goes on later`)
  const serial = await awaitSerial(tools, farm, pi, timeout)
  tools.ui.say(`${pi.name} asked for its files: its serial is ${serial}`)
  const code = await withFarm(tools, config, (loaded) =>
    changeFarm(tools, loaded, edit.setPi(loaded.source, pi.name, { serial })),
  )
  if (code === exitCodes.done) tools.ui.say(`power ${pi.name} off and on again: it boots now`)
  return code
}

async function find(tools: Tools, config: string, mac: Mac): Promise<Pi> {
  const { farm } = await readFarm(tools.nas, config)
  const pi = farm.pis.find((candidate) => candidate.mac === mac)
  if (pi === undefined) throw new UserError(`${mac} was taken out of the farm meanwhile`)
  return pi
}
