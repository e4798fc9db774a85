import { exitCodes, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { HostName, Mac } from '../../farm/schema.ts'
import type { Finding } from '../../netboot/find-serials.ts'

interface Wish {
  /** The one board that is looked for; undefined: any. */
  readonly only: string | undefined
  /** Also those that are in the farm. */
  readonly all: boolean
  /** So many serials are enough; undefined: there are never enough. */
  readonly count: number | undefined
}

/** Which findings are printed, and what is told of a search that printed no serial. */
export class Tally {
  readonly #wish: Wish
  readonly #nameOf: ReadonlyMap<string, HostName>
  readonly #serials = new Set<string>()
  readonly #leftOut = new Set<HostName>()
  #withoutSerial = 0

  constructor(farm: Farm | undefined, wish: Wish) {
    this.#wish = wish
    const named = farm?.pis.flatMap(({ name, mac, serial }) =>
      [mac, ...(serial === undefined ? [] : [serial])].map((key) => [key, name] as const),
    )
    this.#nameOf = new Map<string, HostName>(named)
  }

  /** The Pi of the farm that asked. */
  nameOf({ serial, mac }: Finding): HostName | undefined {
    return this.#nameOf.get(serial ?? mac ?? '')
  }

  /** Counts it; answers whether it is to be printed. */
  takes(finding: Finding): boolean {
    const { only, all, count = 1 } = this.#wish
    if (only !== undefined && finding.mac !== only) return false
    const name = this.nameOf(finding)
    if (name !== undefined && !all) {
      this.#leftOut.add(name)
      return false
    }
    if (finding.serial === undefined) this.#withoutSerial += 1
    // Whoever invents serials must not fill the memory: no more are kept than have to be told apart.
    else if (this.#serials.size < count) this.#serials.add(finding.serial)
    return true
  }

  /** Whether a serial was printed. */
  get isAnswered(): boolean {
    return this.#serials.size > 0
  }

  /** Whether as many were printed as wanted; one that was told twice, at first without its MAC, is one. */
  get isEnough(): boolean {
    return this.#serials.size === this.#wish.count
  }

  /** `addressOnly`: the boards that asked for an address and for no file. */
  whyNone(addressOnly: readonly Mac[]): UserError {
    const exitCode = exitCodes.putBack
    if (this.#withoutSerial > 0)
      return new UserError('no serial was told: who asked is known by its MAC alone', { exitCode })
    const [silent, ...others] = addressOnly
    if (silent !== undefined) {
      const who = others.length > 0 ? `${silent} and ${others.length} more` : silent
      return new UserError(`no Pi asked for its files; ${who} asked for an address`, {
        hint: cureOf(addressOnly),
        exitCode,
      })
    }
    const left = this.#leftOut.size
    if (left > 0)
      return new UserError(`only Pis of the farm asked: ${someOf([...this.#leftOut])}`, {
        hint: `${left === 1 ? 'it was' : `these ${left} were`} left out; --all prints them too`,
        exitCode,
      })
    const { only } = this.#wish
    return new UserError(`${only ?? 'no Pi'} ${only ? 'did not ask' : 'asked'} for its files`, {
      hint: 'is its cable in, its netboot enabled (pifarm enable-netboot-sd), and its switch port not blocked by STP for 30 s?',
      exitCode,
    })
  }
}

/** What to do about boards that ask for an address and for no file. */
export function cureOf(macs: readonly Mac[]): string {
  const commands = macs.slice(0, 5).map((mac) => `pifarm add-pi --mac ${mac} --name NAME`)
  return ['before it is in the farm, DHCP tells a Pi of no TFTP server:', ...commands].join('\n  ')
}

function someOf(names: readonly string[]): string {
  const more = names.length - 5
  return [...names.slice(0, 5), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}
