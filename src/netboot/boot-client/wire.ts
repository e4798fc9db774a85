import type { Ipv4, Model } from '../../farm/schema.ts'
import type { Heard } from './dhcp-client.ts'
import type { DhcpPacket } from './dhcp-packet.ts'
import type { Granted } from './dhcp-request.ts'
import type { TftpOptions } from './tftp-packet.ts'
import type { TftpAnswer } from './tftp-transfer.ts'

/** The network as a boot ROM has it. */
export interface Wire {
  /** One DISCOVER; waits up to `wait` ms for an OFFER that this model can boot by. */
  discover(packet: DhcpPacket, wait: number, model: Model): Promise<Heard>
  /** One REQUEST; waits up to `wait` ms for an answer. */
  request(packet: DhcpPacket, wait: number): Promise<Granted>
  /** From now on this is the board's address. */
  useAddress(address: Ipv4, netmask: Ipv4): Promise<void>
  readFile(server: Ipv4, file: string, options: TftpOptions, probe: boolean): Promise<TftpAnswer>
}
