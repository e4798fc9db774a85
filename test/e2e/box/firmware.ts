import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import type { Board } from './box.ts'

/** What came over TFTP, as files. */
export interface Firmware {
  readonly report: BootReport
  readonly kernel: string
  readonly initramfs: string
  readonly deviceTree: string
  readonly cmdline: string
}

const project = join(import.meta.dirname, '../../..')
const tsx = createRequire(import.meta.url).resolve('tsx')

/** Plays the boot ROM and the firmware of a board, in a directory of their own. */
export async function playFirmware(
  { name, mac, serial }: Board,
  dir: string,
  entering: readonly string[],
): Promise<Firmware> {
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir)
  const json = join(dir, 'report.json')
  const player = [process.execPath, '--import', tsx, join(project, 'test/lab/pi.ts')]
  const wires = ['ip', 'netns', 'exec', name]
  const board = ['--interface', 'eth0', '--mac', mac, '--serial', serial]
  const files = ['--json', json, '--keep', dir]
  const argv = [...entering, ...wires, ...player, ...board, ...files]
  const { all } = await execa('nsenter', argv, { all: true, reject: false })
  const text = await readFile(json, 'utf8').catch(() => undefined)
  if (text === undefined) throw new Error(`the boot client failed:\n${all}`)
  const report = JSON.parse(text) as BootReport
  const file = (name = 'none') => join(dir, report.serialDir ?? '', name)
  return {
    report,
    kernel: file(report.kernel),
    initramfs: file(report.initramfs),
    deviceTree: file(report.deviceTree),
    cmdline: report.cmdline?.text.trim() ?? '',
  }
}

/** A kernel that came gzipped, which the firmware of a Pi unpacks too. */
export async function unpacked(kernel: string): Promise<string> {
  const bytes = await readFile(kernel)
  const file = `${kernel}.unpacked`
  const isPacked = bytes.readUInt16BE(0) === 0x1f8b
  await writeFile(file, isPacked ? gunzipSync(bytes) : bytes, { mode: 0o755 })
  return file
}
