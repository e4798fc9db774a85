import type { Ipv4 } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import { type Board, type BootReport, makeReport, type Patience } from './boot-report.ts'
import { noConfig, readConfigTxt } from './config-txt.ts'
import { bootcodeDiscover, romDiscover } from './discover-packet.ts'
import { startFiles } from './firmware-files.ts'
import { OwnFiles } from './own-files.ts'
import { startElf } from './start-elf.ts'
import { type Stop, stopAt } from './stop.ts'

/**
 * Boots as a Pi 3B or 3B+ does over the network, up to where the kernel would start. Files that
 * real firmware asks for several times are asked for once a stage.
 */
export async function bootPi3(
  board: Board,
  recorder: BootRecorder,
  patience: Patience,
): Promise<BootReport> {
  const stopped = await rom(board, recorder, patience)
  if (stopped !== undefined) return makeReport(board, recorder, { stopped })
  const own = await bootcode(board, recorder, patience)
  if ('stopped' in own) return makeReport(board, recorder, own)
  const start = await loadStart(board, own)
  if (start !== undefined) return makeReport(board, recorder, { stopped: start, own })
  return makeReport(board, recorder, { ...(await startElf(own, board)), own })
}

/** Each stage answers why the boot ends there; undefined: it goes on. */
type Stopped = Stop | undefined

async function rom(board: Board, recorder: BootRecorder, patience: Patience): Promise<Stopped> {
  const packet = (secs: number) => romDiscover(board.mac, secs)
  const offer = await recorder.discover('rom', packet, patience.rom, board)
  if ('stopped' in offer) return offer.stopped
  const { tftpServer } = offer
  const loader = await fetchTop(recorder, tftpServer, 'bootcode.bin')
  if (!loader?.length) {
    const what = `bootcode.bin ${loader ? 'is empty' : 'did not come'}`
    return recorder.without('rom', ['bootcode.bin'], 'no-boot-file', what)
  }
  await fetchTop(recorder, tftpServer, 'bootsig.bin')
  return undefined
}

function fetchTop(recorder: BootRecorder, server: Ipv4, file: string): Promise<Buffer | undefined> {
  return recorder.fetch('rom', server, file)
}

/** The second round of DHCP, and whether there is a directory for this board. */
async function bootcode(
  board: Board,
  recorder: BootRecorder,
  patience: Patience,
): Promise<OwnFiles | { readonly stopped: Stop }> {
  const { mac, serial } = board
  const packet = (secs: number) => bootcodeDiscover(mac, serial, secs)
  const offer = await recorder.discover('bootcode', packet, patience.bootcode, board)
  if ('stopped' in offer) return offer
  return await OwnFiles.find(recorder, 'bootcode', offer.tftpServer, serial, ['start.elf'])
}

async function loadStart(board: Board, own: OwnFiles): Promise<Stopped> {
  await own.fetch('bootcode', 'autoboot.txt')
  const bytes = await own.fetch('bootcode', 'config.txt')
  if (await own.fetch('bootcode', 'recovery.elf'))
    return stopAt(
      'bootcode',
      'recovery',
      'recovery.elf came, so the board starts the recovery system',
    )
  const config = bytes ? readConfigTxt(bytes, board) : noConfig
  const { start, fixup } = startFiles(config, board.model)
  if (!(await own.need('bootcode', start, 'firmware')))
    return own.stopWithout('bootcode', start, 'start.elf')
  const memory = 'the firmware cannot divide the memory as gpu_mem says'
  await own.want('bootcode', fixup, 'fixup', memory)
  return undefined
}
