import { createHash } from 'node:crypto'
import type { Ipv4 } from '../../farm/schema.ts'
import { answerText, grantedText, heardText } from './answer-text.ts'
import type { Board, BootStage, ServedFile, TimelineEntry } from './boot-report.ts'
import type { Answer, Heard } from './dhcp-client.ts'
import type { DhcpPacket } from './dhcp-packet.ts'
import type { BootOffer } from './offer.ts'
import { type Stop, type StopKind, stopAt } from './stop.ts'
import type { TftpOptions } from './tftp-packet.ts'
import type { TftpAnswer } from './tftp-transfer.ts'
import type { Wire } from './wire.ts'

/** Asks for things over the wire and keeps the record of what was answered. */
export class BootRecorder {
  readonly events: TimelineEntry[] = []
  readonly files = new Map<string, ServedFile>()
  /** Every DHCP server that answered, and what it said last. */
  readonly servers = new Map<Ipv4, Answer>()
  /** Why files did not come, by the path asked for. */
  readonly #failures = new Map<string, TftpAnswer>()
  /** The last OFFER that was taken. */
  offer: BootOffer | undefined
  readonly #wire: Wire
  readonly #now: () => number
  readonly #tell: (entry: TimelineEntry) => void
  readonly #powerOn: number

  /** `now`: milliseconds of any clock that does not go back. `tell` hears each entry as it comes. */
  constructor(wire: Wire, now: () => number, tell: (entry: TimelineEntry) => void) {
    this.#wire = wire
    this.#now = now
    this.#tell = tell
    this.#powerOn = now()
  }

  /** One round of DISCOVERs, as many as there are waits (ms); the reason where no OFFER would do. */
  async discover(
    stage: BootStage,
    packetAt: (secs: number) => DhcpPacket,
    waits: readonly number[],
    board: Board,
  ): Promise<BootOffer | { readonly stopped: Stop }> {
    let last: Heard = { kind: 'silence', answers: [] }
    const began = this.#now()
    for (const [index, wait] of waits.entries()) {
      const packet = packetAt(Math.floor((this.#now() - began) / 1000))
      const heard = await this.#wire.discover(packet, wait, board.model)
      this.#note(stage, `DHCPDISCOVER (${index + 1} of ${waits.length})`, heardText(heard))
      for (const answer of heard.answers) this.servers.set(answer.server, answer)
      if (heard.kind === 'offer') {
        this.offer = heard.offer
        // An EEPROM has its address only once that is granted.
        if (stage !== 'eeprom')
          await this.#wire.useAddress(heard.offer.address, heard.offer.netmask)
        return heard.offer
      }
      // One that was refused tells more than the silence behind it.
      if (heard.kind !== 'silence') last = heard
    }
    return { stopped: noOffer(stage, waits.length, last) }
  }

  /** Asks for the address that was offered; the reason where it is not granted. */
  async request(
    stage: BootStage,
    packet: DhcpPacket,
    waits: readonly number[],
    { address, netmask }: BootOffer,
  ): Promise<Stop | undefined> {
    const asked = `DHCPREQUEST for ${address}`
    const ungranted = (what: string) => stopAt(stage, 'dhcp-grant', `${asked}: ${what}`)
    for (const wait of waits) {
      const granted = await this.#wire.request(packet, wait)
      this.#note(stage, asked, grantedText(granted))
      if (granted.kind === 'nak')
        return ungranted(`${granted.server} refuses it (DHCPNAK${granted.why})`)
      if (granted.kind === 'unsent')
        return stopAt(stage, 'dhcp-unsent', `${asked} could not be sent`, granted.code)
      if (granted.kind === 'silence') continue
      if (granted.address !== address)
        return ungranted(`${granted.server} grants ${granted.address} instead`)
      await this.#wire.useAddress(address, netmask)
      return undefined
    }
    return ungranted(`offered, and then no answer to ${waits.length} requests`)
  }

  /** The file's bytes; undefined where it did not come, whatever the reason. */
  async fetch(stage: BootStage, server: Ipv4, file: string): Promise<Buffer | undefined> {
    const options = optionsOf(stage)
    const answer = await this.#wire.readFile(server, file, options, false)
    const bytes = answer.kind === 'file' ? answer.bytes : undefined
    this.#note(stage, file, answerText(answer), bytes?.length)
    if (bytes) this.files.set(file, servedFile(file, bytes))
    else this.#failures.set(file, answer)
    return bytes
  }

  /** Whether the file is there, found out by breaking off its transfer. */
  async probe(stage: BootStage, server: Ipv4, file: string): Promise<boolean> {
    const answer = await this.#wire.readFile(server, file, optionsOf(stage), true)
    this.#note(stage, file, answerText(answer))
    if (answer.kind !== 'probed') this.#failures.set(file, answer)
    return answer.kind === 'probed'
  }

  /** A stop for want of a file that may have any of these names: `lacking` where the server answered that it has none. */
  without(stage: BootStage, files: readonly string[], lacking: StopKind, what: string): Stop {
    const failures = files.map((file) => this.#failures.get(file))
    // That one of them is not there explains nothing where another was kept back.
    const failure = failures.find((one) => one !== undefined && one.kind !== 'error')
    const server = this.offer?.tftpServer
    if (failure?.kind === 'silence')
      return stopAt(stage, 'tftp-silence', `${what}: ${server} does not answer on UDP port 69`)
    if (failure?.kind === 'unsent')
      return stopAt(
        stage,
        'tftp-unsent',
        `${what}: nothing could be sent to ${server}`,
        failure.code,
      )
    if (failure?.kind === 'too-big' || failure?.kind === 'too-slow')
      return stopAt(stage, 'tftp-endless', `${what}: what ${server} sends has no end`)
    return stopAt(stage, lacking, what)
  }

  #note(stage: BootStage, asked: string, answer: string, bytes?: number): void {
    const entry = { t: Math.round(this.#now() - this.#powerOn), stage, asked, answer, bytes }
    this.events.push(entry)
    this.#tell(entry)
  }
}

/** A Pi 3's ROM asks for no options, what follows it for the size only, an EEPROM for larger blocks. */
function optionsOf(stage: BootStage): TftpOptions {
  if (stage === 'rom') return {}
  return stage === 'eeprom' ? { tsize: 0, blksize: 1468 } : { tsize: 0 }
}

/** Longer than any that a Pi reads, in bytes. */
const mostText = 65_536

function servedFile(name: string, bytes: Buffer): ServedFile {
  return {
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    text: name.endsWith('.txt') ? bytes.toString('utf8', 0, mostText) : undefined,
  }
}

function noOffer(stage: BootStage, count: number, heard: Heard): Stop {
  const what = `no OFFER to boot by after ${count} DISCOVERs`
  switch (heard.kind) {
    case 'refused':
      return stopAt(stage, heard.refusal.kind, `${what}: ${heard.refusal.why}`)
    case 'unsent':
      return stopAt(stage, 'dhcp-unsent', 'the DISCOVER could not be sent', heard.code)
    default:
      return stopAt(stage, 'dhcp-silence', `${what}: nobody answered`)
  }
}
