import type { Ipv4 } from '../../farm/schema.ts'
import { type Board, bootPi3, type Patience } from './boot-pi3.ts'
import { BootRecorder } from './boot-recorder.ts'
import type { BootReport, TimelineEntry } from './boot-report.ts'
import { type DhcpPorts, discover } from './dhcp-client.ts'
import { readTftp } from './tftp-client.ts'
import type { Wire } from './wire.ts'

export interface PlayPiOptions {
  readonly board: Board
  readonly patience: Patience
  readonly dhcpPorts: DhcpPorts
  readonly tftpPort: number
  /** Gives the network interface this address; called at every OFFER taken. */
  readonly useAddress: (address: Ipv4, netmask: Ipv4) => Promise<void>
  /** Hears each step as it happens. */
  readonly tell: (entry: TimelineEntry) => void
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number
}

/** Real firmware waits about this long, in ms, and sends again a few times. */
const tftpTimeout = 1000
const tftpTries = 4
const largestFile = 128 * 1024 * 1024

/** Plays a Pi on the real network, from power on to where its kernel would start. */
export function playPi(options: PlayPiOptions): Promise<BootReport> {
  const wire: Wire = {
    discover: (packet, wait) => discover(packet, wait, options.dhcpPorts),
    useAddress: options.useAddress,
    readFile: (server, file, tftpOptions, probe) =>
      readTftp({
        server,
        port: options.tftpPort,
        file,
        options: tftpOptions,
        probe,
        timeout: tftpTimeout,
        tries: tftpTries,
        limit: largestFile,
      }),
  }
  const recorder = new BootRecorder(wire, options.now, options.tell)
  return bootPi3(options.board, recorder, options.patience)
}
