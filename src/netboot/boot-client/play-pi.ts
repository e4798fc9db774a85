import type { Ipv4 } from '../../farm/schema.ts'
import { bootEeprom } from './boot-eeprom.ts'
import { bootPi3 } from './boot-pi3.ts'
import { BootRecorder } from './boot-recorder.ts'
import type { Board, BootReport, Patience, TimelineEntry } from './boot-report.ts'
import { discover } from './dhcp-client.ts'
import type { DhcpPorts } from './dhcp-exchange.ts'
import { request } from './dhcp-request.ts'
import type { BootOffer } from './offer.ts'
import { readTftp } from './tftp-client.ts'
import type { Wire } from './wire.ts'

export interface PlayPiOptions {
  readonly board: Board
  readonly patience: Patience
  readonly dhcpPorts: DhcpPorts
  /** Where DHCP may not be spoken: the OFFER that is taken as given. */
  readonly assumed?: BootOffer
  readonly tftpPort: number
  /** Gives the network interface this address; called at every OFFER taken. */
  readonly useAddress: (address: Ipv4, netmask: Ipv4) => Promise<void>
  /** Hears each step as it happens. */
  readonly tell: (entry: TimelineEntry) => void
  /** Hears each file that came whole, by the path asked for. */
  readonly keep?: (file: string, bytes: Buffer) => void
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number
  /** All files together, in bytes and in ms: config.txt may name hundreds, each large or slow. Default: more than any Pi needs. */
  readonly most?: { readonly bytes: number; readonly time: number }
  /** Ends it at once. */
  readonly signal?: AbortSignal
}

/** Real firmware waits about this long, in ms, and sends again a few times. */
const tftpTimeout = 1000
const tftpTries = 4
const largestFile = 128 * 1024 * 1024
const plenty = { bytes: 2 * largestFile, time: 600_000 }

/** Plays a Pi on the real network, from power on to where its kernel would start. Rejects when the signal fires. */
export function playPi(options: PlayPiOptions): Promise<BootReport> {
  const { assumed, most = plenty, signal } = options
  let [bytesLeft, timeLeft] = [most.bytes, most.time]
  const wire: Wire = {
    discover: async (packet, wait, model) =>
      assumed
        ? { kind: 'offer', offer: assumed, answers: [] }
        : await discover(packet, wait, options.dhcpPorts, model, signal),
    request: async (packet, wait) =>
      assumed
        ? { kind: 'ack', server: assumed.server, address: assumed.address, isAssumed: true }
        : await request(packet, wait, options.dhcpPorts, signal),
    useAddress: options.useAddress,
    readFile: async (server, file, tftpOptions, probe) => {
      if (timeLeft <= 0) return { kind: 'too-slow' }
      const began = options.now()
      const answer = await readTftp({
        server,
        port: options.tftpPort,
        file,
        options: tftpOptions,
        probe,
        timeout: tftpTimeout,
        tries: tftpTries,
        limit: Math.min(largestFile, bytesLeft),
        longest: timeLeft,
        signal,
      })
      timeLeft -= options.now() - began
      if (answer.kind === 'file') bytesLeft -= answer.bytes.length
      if (answer.kind === 'file') options.keep?.(file, answer.bytes)
      return answer
    },
  }
  const recorder = new BootRecorder(wire, options.now, options.tell)
  const boot = options.board.model.startsWith('3') ? bootPi3 : bootEeprom
  return boot(options.board, recorder, options.patience)
}
