import { readFile } from 'node:fs/promises'

/** What this machine is, as far as it says so. */
export interface Board {
  /** The low half of the board's serial, as in its TFTP directory; undefined on other machines. */
  readonly serial: string | undefined
  readonly model: string
}

export async function readBoard(): Promise<Board> {
  const [serial, cpuinfo, model] = await Promise.all([
    textOf('/proc/device-tree/serial-number'),
    textOf('/proc/cpuinfo'),
    textOf('/proc/device-tree/model'),
  ])
  return {
    serial: boardSerial(serial, cpuinfo),
    model: model.replaceAll('\u0000', '').trim().slice(0, 128),
  }
}

/** Of what the device tree says, else of /proc/cpuinfo. */
export function boardSerial(deviceTree: string, cpuinfo: string): string | undefined {
  const listed = /^Serial\s*:\s*([0-9a-f]+)\s*$/im.exec(cpuinfo)?.[1]
  for (const text of [deviceTree.replaceAll('\u0000', '').trim(), listed ?? '']) {
    const serial = /^[0-9a-f]{8,16}$/i.test(text) ? text.slice(-8).toLowerCase() : '00000000'
    // An emulated board has a serial of zeros: all of them would be one muxer.
    if (serial !== '00000000') return serial
  }
  return undefined
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}
