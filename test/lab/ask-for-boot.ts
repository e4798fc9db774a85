import { execa } from 'execa'
import { mac, serial } from '../../src/farm/schema.ts'
import { discover } from '../../src/netboot/boot-client/dhcp-client.ts'
import { realDhcpPorts } from '../../src/netboot/boot-client/dhcp-exchange.ts'
import type { DhcpPacket } from '../../src/netboot/boot-client/dhcp-packet.ts'
import { eepromDiscover, romDiscover } from '../../src/netboot/boot-client/discover-packet.ts'
import type { BootOffer } from '../../src/netboot/boot-client/offer.ts'
import { readTftp } from '../../src/netboot/boot-client/tftp-client.ts'

/**
 * Plays Pi 4s, one after the other, as far as the request that gives them away:
 * `tsx test/lab/ask-for-boot.ts INTERFACE tftp|dhcp MAC=SERIAL ...`. `tftp`: their DHCP does not tell
 * the serial, so that only the request for a file does; `dhcp`: they ask for no file.
 */
const [device = '', way, ...boards] = process.argv.slice(2)

async function ip(...args: string[]): Promise<void> {
  await execa('ip', args)
}

/** As a board does: a DISCOVER is lost easily where the link has only just come up. */
async function discoverPatiently(packet: DhcpPacket): Promise<BootOffer> {
  let heard = await discover(packet, 2000, realDhcpPorts, '4')
  for (let again = 1; heard.kind === 'silence' && again < 6; again += 1)
    heard = await discover(packet, 2000, realDhcpPorts, '4')
  if (heard.kind !== 'offer') throw new Error(`no offer: ${heard.kind}`)
  return heard.offer
}

for (const board of boards) {
  const [text = '', number = ''] = board.split('=')
  const who = { mac: mac.parse(text), serial: serial.parse(number), model: '4' } as const
  await ip('link', 'set', 'dev', device, 'down')
  await ip('link', 'set', 'dev', device, 'address', who.mac)
  await ip('addr', 'flush', 'dev', device)
  await ip('link', 'set', 'dev', device, 'up')
  await ip('route', 'replace', 'default', 'dev', device, 'scope', 'link')
  const packet = way === 'dhcp' ? eepromDiscover(who, 0) : romDiscover(who.mac, 0)
  const offer = await discoverPatiently(packet)
  if (way === 'dhcp') continue
  const { address, netmask, tftpServer } = offer
  await ip('addr', 'add', `${address}/${netmask}`, 'dev', device)
  await ip('route', 'replace', 'default', 'dev', device, 'scope', 'link')
  const read = { server: tftpServer, port: 69, options: { tsize: 0 }, probe: true }
  const patience = { timeout: 1000, tries: 4, limit: 1_000_000, longest: 60_000 }
  await readTftp({ ...read, ...patience, file: `${who.serial}/start4.elf` })
}
