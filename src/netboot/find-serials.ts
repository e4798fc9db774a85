import type { Ipv4, Mac, Serial } from '../farm/schema.ts'
import type { BootEvent } from './boot-log.ts'
import { agree, isDerived } from './serial-and-mac.ts'
import type { TftpDaemon } from './tftp-lines.ts'

/** A board that asked for its own directory. */
export interface Finding {
  readonly serial: Serial
  /** Whose serial it seems to be; undefined where nothing in the log tells. */
  readonly mac: Mac | undefined
  readonly address: Ipv4 | undefined
  /** The request that gave it away, to be shown. */
  readonly file: string
  readonly daemon: TftpDaemon
  /** False where no MAC is known, or where what is known points to two boards. */
  readonly certain: boolean
}

/** A flood of made-up MACs must not fill the memory of a `find-serial` left running for days. */
const mostRemembered = 4096

/**
 * Pairs serials with MACs. The address in a TFTP request leads to the MAC that was offered it; on
 * a Pi 1-3 the MAC also shares six digits with the serial, and the two must not disagree.
 */
export class SerialFinder {
  readonly #macs: Set<Mac>
  readonly #macOf = new Map<Ipv4, Mac>()
  readonly #told = new Map<Serial, Finding>()

  /** `expected`: boards known beforehand, paired by their digits even before any DHCP line. */
  constructor(expected: Iterable<Mac> = []) {
    this.#macs = new Set(expected)
  }

  /** A finding where the event reveals something not yet told. */
  feed(event: BootEvent): Finding | undefined {
    if (event.kind === 'dhcp') {
      this.#hear(event)
      return undefined
    }
    if (event.serial === undefined) return undefined
    const finding = { ...this.#pair(event.serial, event.client), ...described(event, event.serial) }
    const told = this.#told.get(event.serial)
    if (told && told.mac === finding.mac && told.certain === finding.certain) return undefined
    remember(this.#told, event.serial, finding)
    return finding
  }

  #hear(event: Extract<BootEvent, { kind: 'dhcp' }>): void {
    this.#macs.add(event.mac)
    forgetOldest(this.#macs)
    // A DISCOVER or REQUEST names what the client wishes for; only the server's word counts. A Pi
    // 3's boot ROM never gets as far as an ACK.
    if (event.address && (event.message === 'OFFER' || event.message === 'ACK')) {
      remember(this.#macOf, event.address, event.mac)
    }
  }

  #pair(serial: Serial, client: Ipv4 | undefined): Pick<Finding, 'mac' | 'certain'> {
    const byDigits = [...this.#macs].filter((mac) => isDerived(mac) && agree(mac, serial))
    const byAddress = client && this.#macOf.get(client)
    if (byAddress === undefined) {
      // Anybody can ask for a name with the right six digits; from an address that is not the
      // board's it is no proof.
      const isElsewhere = client !== undefined && this.#hasAddress(byDigits[0])
      return { mac: byDigits[0], certain: byDigits.length === 1 && !isElsewhere }
    }
    const digitsSayOther = isDerived(byAddress) ? !agree(byAddress, serial) : byDigits.length > 0
    return digitsSayOther
      ? { mac: byDigits[0] ?? byAddress, certain: false }
      : { mac: byAddress, certain: true }
  }

  #hasAddress(mac: Mac | undefined): boolean {
    return [...this.#macOf.values()].some((one) => one === mac)
  }
}

function described(event: Extract<BootEvent, { kind: 'tftp' }>, serial: Serial) {
  return { serial, address: event.client, file: event.file, daemon: event.daemon }
}

/** Keeps the newest last, so that the oldest is forgotten first. */
function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  forgetOldest(map)
}

function forgetOldest<K>(kept: Set<K> | Map<K, unknown>): void {
  if (kept.size <= mostRemembered) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}
