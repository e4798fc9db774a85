import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { z } from 'zod'
import { mac, model, serial } from '../../src/farm/schema.ts'
import type { TimelineEntry } from '../../src/netboot/boot-client/boot-report.ts'
import { realDhcpPorts } from '../../src/netboot/boot-client/dhcp-exchange.ts'
import { playPi } from '../../src/netboot/boot-client/play-pi.ts'

/**
 * Plays a Pi on an interface of the network namespace that it runs in:
 * `tsx test/lab/pi.ts --interface eth0 --mac M --serial S [--model 3b] [--wait MS]
 * [--json FILE] [--keep DIR]`.
 * Prints the boot line by line; ends 0 where the kernel would start, 3 where the boot stopped.
 */
const stoppedCode = 3

const { values } = parseArgs({
  options: {
    interface: { type: 'string' },
    mac: { type: 'string' },
    serial: { type: 'string' },
    model: { type: 'string', default: '3b' },
    /** Per DISCOVER, in ms, of which there are five; dhcpd takes 1 s for an address of a range. */
    wait: { type: 'string', default: '5000' },
    json: { type: 'string' },
    /** Gets the files that came, by the names asked for. */
    keep: { type: 'string' },
  },
})
const given = z
  .object({
    interface: z.string(),
    mac,
    serial,
    model,
    wait: z.coerce.number().int().positive(),
    json: z.string().optional(),
    keep: z.string().optional(),
  })
  .parse(values)
const device = given.interface

async function ip(...args: string[]): Promise<void> {
  await execa('ip', args)
}

/** A board that was just switched on: its own MAC, no address, everything reachable by broadcast. */
async function powerOn(): Promise<void> {
  await ip('link', 'set', 'dev', device, 'down')
  await ip('link', 'set', 'dev', device, 'address', given.mac)
  await ip('addr', 'flush', 'dev', device)
  await ip('link', 'set', 'dev', device, 'up')
  // Without any route the kernel refuses to send even to 255.255.255.255.
  await ip('route', 'replace', 'default', 'dev', device, 'scope', 'link')
}

async function useAddress(address: string, netmask: string): Promise<void> {
  await ip('addr', 'flush', 'dev', device)
  await ip('addr', 'add', `${address}/${netmask}`, 'dev', device)
  await ip('route', 'replace', 'default', 'dev', device, 'scope', 'link')
}

function tell(entry: TimelineEntry): void {
  const time = (entry.t / 1000).toFixed(3).padStart(8)
  process.stdout.write(`${time}  ${entry.stage.padEnd(8)}  ${entry.asked}  ->  ${entry.answer}\n`)
}

const files = new Map<string, Buffer>()
await powerOn()
const report = await playPi({
  board: { model: given.model, mac: given.mac, serial: given.serial },
  patience: { rom: Array(5).fill(given.wait), bootcode: Array(5).fill(given.wait) },
  dhcpPorts: realDhcpPorts,
  tftpPort: 69,
  useAddress,
  tell,
  keep: (file, bytes) => files.set(file, bytes),
  now: () => performance.now(),
})
for (const warning of report.warnings) process.stdout.write(`warning: ${warning}\n`)
process.stdout.write(
  report.stopped === undefined
    ? `starts ${report.kernel} with: ${report.cmdline?.text}\n`
    : `stopped: ${report.stopped.what}\n`,
)
if (given.keep !== undefined)
  for (const [name, bytes] of files) {
    const file = join(given.keep, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
if (given.json !== undefined)
  await writeFile(given.json, `${JSON.stringify({ ...report, loaded: undefined }, null, 2)}\n`)
if (report.stopped !== undefined) process.exitCode = stoppedCode
