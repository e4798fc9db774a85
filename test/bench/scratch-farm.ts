import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { initArgs } from '../lab/init-farm.ts'
import { type Lab, startLab } from '../lab/lab.ts'

const stopwatch = fileURLToPath(new URL('stopwatch.js', import.meta.url))
const report = '/run/lab/stopwatch.json'

/** What one run of pifarm took, in ms. */
export interface Timing {
  /** From the start of the process until it first looked at the NAS. */
  readonly firstLook: number
  readonly total: number
  /** Of `total`: cloning trees and flushing them to the disk. */
  readonly copy: number
  /** Of `total`: commands that change something, above all the services' own restarts. */
  readonly reloads: number
  /** Of `total`: commands that only look; several may have run at the same time. */
  readonly asked: number
  readonly asks: readonly (readonly [string, number])[]
}

/** Fifteen names, as a boot partition has them; next to nothing in them, for copying is aside here. */
const bootFiles = [
  ...['bootcode.bin', 'start.elf', 'start_cd.elf', 'start_db.elf', 'start_x.elf'],
  ...['fixup.dat', 'fixup_cd.dat', 'fixup_db.dat', 'fixup_x.dat', 'kernel7.img', 'kernel8.img'],
  ...['bcm2710-rpi-3-b.dtb', 'bcm2710-rpi-3-b-plus.dtb', 'config.txt', 'cmdline.txt'],
]

/** A lab whose NAS has room for thousands of Pis, with a farm of none and a template of a few files. */
export async function startFarm(): Promise<Lab> {
  const lab = await startLab([])
  await lab.must(['ip', 'addr', 'replace', '10.77.0.1/16', 'dev', 'eth0'])
  await lab.must(['ip', 'addr', 'del', '10.77.0.1/24', 'dev', 'eth0'])
  await widen(lab)
  await layTinyTemplate(lab)
  const range = ['--subnet', '10.77.0.0/16', '--addresses', '10.77.4.1-10.77.15.254']
  await pifarm(lab, [...initArgs(lab), ...range])
  return lab
}

/** Writes Pis into the farm.yaml of a farm that has none, and applies it. */
export async function fill(lab: Lab, count: number): Promise<void> {
  const path = '/etc/pifarm/farm.yaml'
  const empty = (await lab.read(path)).replace(/^pis:.*\n/m, '')
  const pis = Array.from({ length: count }, (_, index) => entry(index + 1))
  await lab.write(path, `${empty}pis:\n${pis.join('')}`)
  await pifarm(lab, ['apply', '--yes'])
}

/** The flags that describe the Pi of a number. */
export function flagsOf(number: number): string[] {
  const { name, mac, serial } = piOf(number)
  return ['--name', name, '--mac', mac, '--serial', serial, '--yes']
}

/** Runs the built pifarm on the NAS; throws when it fails. */
export async function pifarm(lab: Lab, args: readonly string[]): Promise<void> {
  const { code, stderr } = await lab.pifarm(args)
  if (code !== 0) throw new Error(`pifarm ${args[0]} ended with ${code}:\n${stderr}`)
}

/** Runs pifarm on the NAS with a stopwatch inside. */
export async function timedPifarm(lab: Lab, args: readonly string[]): Promise<Timing> {
  await lab.must([process.execPath, stopwatch, report, ...args])
  return JSON.parse(await lab.read(report)) as Timing
}

function entry(number: number): string {
  const { name, mac, serial } = piOf(number)
  const address = `10.77.${4 + (number >> 8)}.${number & 255}`
  return `  - name: ${name}
    mac: ${mac}
    serial: ${serial}
    address: ${address}
    muxid: ${number}
`
}

function piOf(number: number) {
  const hex = number.toString(16).padStart(6, '0')
  const mac = `b8:27:eb:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`
  return { name: `HLSPi${number}`, mac, serial: `10${hex}` }
}

/** The lab's subnet is a /24 by nature. */
async function widen(lab: Lab): Promise<void> {
  const path = '/etc/dhcp/dhcpd.conf'
  const text = await lab.read(path)
  await lab.write(path, text.replace(/(subnet 10\.77\.0\.0 netmask) [\d.]+/, '$1 255.255.0.0'))
}

async function layTinyTemplate(lab: Lab): Promise<void> {
  const root = `${lab.root}/mnt/PiRoots/template`
  for (const dir of ['etc/ssh', 'usr/bin', 'boot/firmware'])
    await mkdir(`${root}/${dir}`, { recursive: true })
  await writeFile(`${root}/etc/hostname`, 'raspberrypi\n')
  await writeFile(`${root}/etc/hosts`, '127.0.1.1\traspberrypi\n')
  await writeFile(`${root}/etc/fstab`, 'proc /proc proc defaults 0 0\n')
  for (const name of bootFiles) await writeFile(`${root}/boot/firmware/${name}`, '')
}
