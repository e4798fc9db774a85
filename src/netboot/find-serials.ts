import type { Ipv4, Mac, Model, Serial } from '../farm/schema.ts'
import type { BootEvent } from './boot-log.ts'
import { modelsAsking } from './models.ts'
import type { Pxe } from './pxe-client.ts'
import { forgetOldest, remember } from './remember.ts'
import { agree, isDerived } from './serial-and-mac.ts'
import type { TftpDaemon } from './tftp-lines.ts'

/** A board that asked to boot. */
export interface Finding {
  /** Undefined: it asks for a directory named after its MAC, and nothing else tells. */
  readonly serial: Serial | undefined
  /** Whose serial it seems to be; undefined where nothing tells. */
  readonly mac: Mac | undefined
  readonly address: Ipv4 | undefined
  /** What it may be, from what it asks for and says; empty: nothing tells. */
  readonly models: readonly Model[]
  /** The request that gave it away, to be shown. */
  readonly file: string
  /** Who was asked: `dhcp` where the board broadcast its serial itself. */
  readonly daemon: TftpDaemon | 'dhcp'
  /** Milliseconds since 1970; undefined where the log does not tell the year. */
  readonly time: number | undefined
  /** Whether MAC and serial are those of one board, as far as a log can tell. */
  readonly certain: boolean
  /** Why the pair is not certain; undefined where it is. */
  readonly doubt: string | undefined
}

type Pair = Pick<Finding, 'mac' | 'doubt'>
const noClient = 'the TFTP server does not log who asks'
const noOwner = (client: Ipv4) => `no DHCP line tells whose address ${client} is`
const otherOwner = (client: Ipv4, owner: Mac) =>
  `it asks from ${client}, which DHCP gave to ${owner}`

type TftpEvent = Extract<BootEvent, { kind: 'tftp' }>

const derivedModels: readonly Model[] = ['3b', '3b+']

/**
 * Pairs serials with MACs. The address in a TFTP request leads to the MAC that was offered it, and
 * some boards broadcast MAC and serial together. That a Pi 1-3 has six digits in both only leads to
 * a guess: anybody can ask for a name with the right ones. What is known must not disagree.
 */
export class SerialFinder {
  /** Never forgotten, however many others are made up. */
  readonly #expected: ReadonlySet<Mac>
  readonly #macs = new Set<Mac>()
  readonly #macOf = new Map<Ipv4, Mac>()
  readonly #said = new Map<Mac, Pxe>()
  readonly #told = new Map<Serial | Mac, Finding>()

  /** `expected`: boards known beforehand, paired by their digits even before any DHCP line. */
  constructor(expected: Iterable<Mac> = []) {
    this.#expected = new Set(expected)
  }

  /** A finding where the event reveals something not yet told. */
  feed(event: BootEvent): Finding | undefined {
    switch (event.kind) {
      case 'dhcp':
        return this.#hear(event)
      case 'pxe':
        return this.#listen(event)
      case 'tftp':
        return this.#ask(event)
    }
  }

  #hear(event: Extract<BootEvent, { kind: 'dhcp' }>): undefined {
    this.#know(event.mac)
    // A DISCOVER or REQUEST names what the client wishes for; only the server's word counts. A Pi
    // 3's boot ROM never gets as far as an ACK.
    if (event.address && (event.message === 'OFFER' || event.message === 'ACK')) {
      remember(this.#macOf, event.address, event.mac)
    }
  }

  #listen(event: Extract<BootEvent, { kind: 'pxe' }>): Finding | undefined {
    const { mac, time } = event
    this.#know(mac)
    const before = this.#said.get(mac)
    // The ROM says what board it is, bootcode.bin after it which one.
    const isNarrower =
      before && before.models.length > 0 && before.models.length < event.models.length
    const models = isNarrower ? before.models : event.models
    const serial = event.serial ?? before?.serial
    remember(this.#said, mac, { ...event, serial, models })
    if (serial === undefined) return undefined
    const address = [...this.#macOf].findLast(([, one]) => one === mac)?.[0]
    const doubt = event.isConsistent ? undefined : 'what it broadcasts does not fit its MAC'
    const about = { serial, mac, address, models, time, doubt }
    return this.#tell({ ...about, file: 'DHCP option 97', daemon: 'dhcp' })
  }

  #ask(event: TftpEvent): Finding | undefined {
    const { client, file, daemon, time } = event
    const serial = event.serial ?? (event.mac && this.#said.get(event.mac)?.serial)
    const pair = event.mac ? this.#named(event.mac, client) : serial && this.#pair(serial, client)
    if (pair === undefined) return undefined
    const models = this.#models(pair.mac, serial, file)
    return this.#tell({ ...pair, serial, address: client, models, file, daemon, time })
  }

  #tell(about: Omit<Finding, 'certain'>): Finding | undefined {
    const finding = { ...about, certain: about.doubt === undefined }
    const key = finding.serial ?? finding.mac
    if (key === undefined) return undefined
    const told = this.#told.get(key)
    if (told && told.mac === finding.mac && told.certain === finding.certain) return undefined
    remember(this.#told, key, finding)
    return finding
  }

  /** The directory names the MAC; that anybody can do, so the address has to fit. */
  #named(mac: Mac, client: Ipv4 | undefined): Pair {
    if (client === undefined) return { mac, doubt: noClient }
    const owner = this.#macOf.get(client)
    if (owner === undefined) return { mac, doubt: noOwner(client) }
    return { mac, doubt: owner === mac ? undefined : otherOwner(client, owner) }
  }

  #pair(serial: Serial, client: Ipv4 | undefined): Pair {
    const fitting = [...new Set([...this.#expected, ...this.#macs])].filter(
      (mac) => (isDerived(mac) && agree(mac, serial)) || this.#said.get(mac)?.serial === serial,
    )
    const owner = client && this.#macOf.get(client)
    if (client === undefined || owner === undefined)
      return this.#withoutOwner(serial, client, fitting)
    const [other] = fitting
    if (other !== undefined && !fitting.includes(owner))
      return { mac: other, doubt: otherOwner(client, owner) }
    const said = this.#said.get(owner)?.serial
    if (said !== undefined && said !== serial)
      return { mac: owner, doubt: `that board broadcasts another serial, ${said}` }
    if (isDerived(owner) && !agree(owner, serial))
      return {
        mac: owner,
        doubt: `of such a board MAC and serial end in the same six digits, and these do not`,
      }
    return { mac: owner, doubt: undefined }
  }

  /** No DHCP line tells whose the address is that a serial was asked for from. */
  #withoutOwner(serial: Serial, client: Ipv4 | undefined, fitting: readonly Mac[]): Pair {
    const [mac, ...others] = fitting
    if (mac === undefined) return { mac, doubt: client === undefined ? noClient : noOwner(client) }
    if (others.length > 0) return { mac, doubt: `it may also be ${others.join(', ')}` }
    if (client !== undefined && this.#hasAddress(mac))
      return { mac, doubt: `it asks from ${client}, and DHCP gave that MAC another address` }
    if (this.#said.get(mac)?.serial === serial) return { mac, doubt: undefined }
    return { mac, doubt: 'only the six digits that MAC and serial share speak for it' }
  }

  #models(mac: Mac | undefined, serial: Serial | undefined, file: string): readonly Model[] {
    const said = (mac && this.#said.get(mac)?.models) ?? []
    if (said.length > 0) return said
    if (mac && isDerived(mac)) return derivedModels
    const before = serial && this.#told.get(serial)?.models
    return before && before.length > 0 ? before : modelsAsking(file)
  }

  #know(mac: Mac): void {
    this.#macs.add(mac)
    forgetOldest(this.#macs)
  }

  #hasAddress(mac: Mac | undefined): boolean {
    return [...this.#macOf.values()].some((one) => one === mac)
  }
}
