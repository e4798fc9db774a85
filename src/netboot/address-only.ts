import type { Ipv4, Mac } from '../farm/schema.ts'
import type { BootEvent } from './boot-log.ts'
import { remember } from './remember.ts'
import { isRaspberryPi } from './serial-and-mac.ts'

/** A boot ROM asks again after 5 s where the answer does not let it boot; a restart takes longer. */
const soonMs = 30_000

/**
 * Boards that ask for an address and then for no file: so does a Pi that DHCP tells of no TFTP
 * server, because it is in no host block yet. It takes the events in any order, and calls no board
 * so of which an address was ever asked from since.
 */
export class AddressOnly {
  readonly #isWanted: (mac: Mac) => boolean
  readonly #discovers = new Map<Mac, { readonly first: number; readonly last: number }>()
  readonly #addresses = new Map<Mac, Set<Ipv4>>()
  readonly #askedAt = new Map<Ipv4, number>()
  readonly #isPxe = new Map<Mac, true>()
  readonly #told = new Map<Mac, true>()
  #isBlind = false

  /** `isWanted`: which boards it is about at all. */
  constructor(isWanted: (mac: Mac) => boolean) {
    this.#isWanted = isWanted
  }

  /** The board, once, that asks for an address a second time within half a minute. */
  feed(event: BootEvent): Mac | undefined {
    if (event.kind === 'pxe') remember(this.#isPxe, event.mac, true)
    if (event.kind === 'tftp') this.#ask(event.client, event.time)
    if (event.kind !== 'dhcp' || !this.#isWanted(event.mac)) return undefined
    const isGiven = event.message === 'OFFER' || event.message === 'ACK'
    if (isGiven && event.address !== undefined) this.#give(event.mac, event.address)
    if (event.message !== 'DISCOVER' || event.time === undefined) return undefined
    return this.#discover(event.mac, event.time)
  }

  /** All such boards so far. */
  all(): readonly Mac[] {
    return [...this.#discovers.keys()].filter((mac) => this.#isSilent(mac))
  }

  #ask(client: Ipv4 | undefined, time: number | undefined): void {
    // Some servers do not log who asks: then it may have been any board.
    if (client === undefined) this.#isBlind = true
    else remember(this.#askedAt, client, Math.max(time ?? Infinity, this.#askedAt.get(client) ?? 0))
  }

  #give(mac: Mac, address: Ipv4): void {
    const known = this.#addresses.get(mac) ?? new Set()
    remember(this.#addresses, mac, known.add(address))
  }

  #discover(mac: Mac, time: number): Mac | undefined {
    const { first, last } = this.#discovers.get(mac) ?? { first: time, last: -Infinity }
    remember(this.#discovers, mac, { first: Math.min(first, time), last: Math.max(last, time) })
    if (time - last > soonMs || this.#told.has(mac) || !this.#isSilent(mac)) return undefined
    remember(this.#told, mac, true)
    return mac
  }

  #isSilent(mac: Mac): boolean {
    if (this.#isBlind || !(isRaspberryPi(mac) || this.#isPxe.has(mac))) return false
    const { first } = this.#discovers.get(mac) ?? { first: 0 }
    return [...(this.#addresses.get(mac) ?? [])].every(
      (address) => (this.#askedAt.get(address) ?? -Infinity) < first,
    )
  }
}
