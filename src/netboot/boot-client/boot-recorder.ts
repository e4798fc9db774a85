import { createHash } from 'node:crypto'
import type { Ipv4 } from '../../farm/schema.ts'
import type { Board, BootStage, ServedFile, TimelineEntry } from './boot-report.ts'
import type { Answer, Heard } from './dhcp-client.ts'
import type { DhcpPacket } from './dhcp-packet.ts'
import type { Granted } from './dhcp-request.ts'
import type { BootOffer } from './offer.ts'
import type { TftpAnswer } from './tftp-client.ts'
import type { TftpOptions } from './tftp-packet.ts'
import type { Wire } from './wire.ts'

/** Asks for things over the wire and keeps the record of what was answered. */
export class BootRecorder {
  readonly events: TimelineEntry[] = []
  readonly files = new Map<string, ServedFile>()
  /** Every DHCP server that answered, and what it said last. */
  readonly servers = new Map<Ipv4, Answer>()
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
  ): Promise<BootOffer | { readonly stopped: string }> {
    let why = 'nobody answered'
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
      if (heard.kind === 'refused') why = heard.why
    }
    return { stopped: `no OFFER to boot by after ${waits.length} DISCOVERs: ${why}` }
  }

  /** Asks for the address that was offered; the reason where it is not granted. */
  async request(
    stage: BootStage,
    packet: DhcpPacket,
    waits: readonly number[],
    { address, netmask }: BootOffer,
  ): Promise<string | undefined> {
    const asked = `DHCPREQUEST for ${address}`
    for (const wait of waits) {
      const granted = await this.#wire.request(packet, wait)
      this.#note(stage, asked, grantedText(granted))
      if (granted.kind === 'nak')
        return `${asked}: ${granted.server} refuses it (DHCPNAK${granted.why})`
      if (granted.kind === 'silence') continue
      if (granted.address !== address)
        return `${asked}: ${granted.server} grants ${granted.address} instead`
      await this.#wire.useAddress(address, netmask)
      return undefined
    }
    return `${asked}: offered, and then no answer to ${waits.length} requests`
  }

  /** The file's bytes; undefined where it did not come, whatever the reason. */
  async fetch(stage: BootStage, server: Ipv4, file: string): Promise<Buffer | undefined> {
    const options = optionsOf(stage)
    const answer = await this.#wire.readFile(server, file, options, false)
    const bytes = answer.kind === 'file' ? answer.bytes : undefined
    this.#note(stage, file, answerText(answer), bytes?.length)
    if (bytes) this.files.set(file, servedFile(file, bytes))
    return bytes
  }

  /** Whether the file is there, found out by breaking off its transfer. */
  async probe(stage: BootStage, server: Ipv4, file: string): Promise<boolean> {
    const answer = await this.#wire.readFile(server, file, optionsOf(stage), true)
    this.#note(stage, file, answerText(answer))
    return answer.kind === 'probed'
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

function servedFile(name: string, bytes: Buffer): ServedFile {
  return {
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    text: name.endsWith('.txt') ? bytes.toString('utf8') : undefined,
  }
}

function heardText(heard: Heard): string {
  switch (heard.kind) {
    case 'offer':
      return `OFFER of ${heard.offer.address}, files from ${heard.offer.tftpServer}`
    case 'refused':
      return `OFFER refused: ${heard.why}`
    case 'silence':
      return 'no answer'
  }
}

function grantedText(granted: Granted): string {
  switch (granted.kind) {
    case 'ack':
      return `ACK of ${granted.address} from ${granted.server}`
    case 'nak':
      return `NAK from ${granted.server}${granted.why}`
    case 'silence':
      return 'no answer'
  }
}

function answerText(answer: TftpAnswer): string {
  switch (answer.kind) {
    case 'file':
      return `${answer.bytes.length} bytes`
    case 'probed':
      return answer.size === undefined ? 'is there' : `is there, ${answer.size} bytes`
    case 'error':
      return `error ${answer.code}: ${answer.message}`
    case 'too-big':
      return 'too big'
    case 'silence':
      return 'no answer'
  }
}
