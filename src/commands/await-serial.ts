import { exitCodes, UserError } from '../errors.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import type { Ipv4, Mac, Serial } from '../farm/schema.ts'
import type { Reader } from '../host/host.ts'
import { parseLogLine } from '../netboot/boot-log.ts'
import { SerialFinder } from '../netboot/find-serials.ts'
import { findLogSource, followLog, pastArgv } from '../netboot/log-source.ts'
import type { Tools } from '../tools.ts'
import { deadline } from './deadline.ts'

/** How far back the log is read: some hours of a busy farm, a fraction of a second of reading. */
const linesBack = 20_000

/** The serial of that board where the log already knows it for certain. */
export async function knownSerial(nas: Reader, farm: Farm, mac: Mac): Promise<Serial | undefined> {
  const source = await findLogSource(nas, farm.services.log.file).catch(ignoreMissing)
  if (source === undefined) return undefined
  const finder = new SerialFinder([mac])
  const address = farm.pis.find((pi) => pi.mac === mac)?.address
  const { stdout } = await nas.ask(pastArgv(source, linesBack))
  const found = stdout.split('\n').flatMap((line) => serialOf(line, mac, finder, address) ?? [])
  return free(farm, found.at(-1))
}

/** A serial in the log of which only the six digits that it shares with the MAC speak for that board. */
export async function guessedSerial(
  nas: Reader,
  farm: Farm,
  mac: Mac,
): Promise<Serial | undefined> {
  const source = await findLogSource(nas, farm.services.log.file).catch(ignoreMissing)
  if (source === undefined) return undefined
  const finder = new SerialFinder([mac])
  const { stdout } = await nas.ask(pastArgv(source, linesBack))
  const guesses = stdout.split('\n').flatMap((line) => {
    const event = parseLogLine(line)
    const finding = event && finder.feed(event)
    return finding?.mac === mac && !finding.certain ? (finding.serial ?? []) : []
  })
  return free(farm, guesses.at(-1))
}

/** Follows the log until that Pi asks for its boot files. */
export async function awaitSerial(
  { nas, signal, ui }: Tools,
  farm: Farm,
  pi: Pi,
  timeout: number | undefined,
): Promise<Serial> {
  const source = await findLogSource(nas, farm.services.log.file)
  const finder = new SerialFinder([pi.mac])
  const until = deadline(signal, timeout)
  for await (const line of followLog(nas, source, linesBack, until)) {
    const serial = serialOf(line, pi.mac, finder, pi.address)
    if (free(farm, serial) !== undefined) return serial as Serial
    if (serial !== undefined) ui.warn(`serial ${serial} is in the farm already: still waiting`)
  }
  signal.throwIfAborted()
  throw new UserError(`${pi.name} has not asked for its files`, {
    hint: 'it stays pending; check its cable and that netboot is enabled, then run the same command again',
    exitCode: exitCodes.putBack,
  })
}

/**
 * `address`: what is reserved for that Pi, and so where it asks from; anybody on the wire can ask
 * for a name with its six digits.
 */
function serialOf(
  line: string,
  mac: Mac,
  finder: SerialFinder,
  address?: Ipv4,
): Serial | undefined {
  const event = parseLogLine(line)
  const finding = event && finder.feed(event)
  if (finding?.mac !== mac) return undefined
  const isFromThere = address !== undefined && finding.address === address
  const isElsewhere = address && finding.address && finding.address !== address
  return isElsewhere || !(finding.certain || isFromThere) ? undefined : finding.serial
}

function free(farm: Farm, serial: Serial | undefined): Serial | undefined {
  return farm.pis.some((pi) => pi.serial === serial) ? undefined : serial
}

/** A NAS without a log can still be told the serial by hand. */
function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error
}
