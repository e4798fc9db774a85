import type { BootRecorder } from './boot-recorder.ts'
import { type Board, type BootReport, makeReport, type Patience } from './boot-report.ts'
import { noConfig, readConfigTxt } from './config-txt.ts'
import { requestPacket } from './dhcp-request.ts'
import { eepromDiscover } from './discover-packet.ts'
import { startFiles } from './firmware-files.ts'
import { OwnFiles } from './own-files.ts'
import { startElf } from './start-elf.ts'
import { type Stop, stopAt } from './stop.ts'

/**
 * Boots as a Pi 4, 400, CM4 or 5 does whose EEPROM is set to netboot, up to where the kernel would
 * start. A Pi 5 loads no start*.elf: what that does is in its EEPROM.
 */
export async function bootEeprom(
  board: Board,
  recorder: BootRecorder,
  patience: Patience,
): Promise<BootReport> {
  const packet = (secs: number) => eepromDiscover(board, secs)
  const offer = await recorder.discover('eeprom', packet, patience.rom, board)
  if ('stopped' in offer) return makeReport(board, recorder, offer)
  // Unlike a Pi 3 it takes the address in all four steps of DHCP.
  const asked = requestPacket(packet(0), offer)
  const refused = await recorder.request('eeprom', asked, patience.rom, offer)
  if (refused !== undefined) return makeReport(board, recorder, { stopped: refused })
  const { tftpServer } = offer
  const signs = board.model === '5' ? ['config.txt'] : ['start4.elf', 'start.elf']
  const own = await OwnFiles.find(recorder, 'eeprom', tftpServer, board.serial, signs)
  const stopped = board.model === '5' ? undefined : await loadStart4(board, own)
  if (stopped !== undefined) return makeReport(board, recorder, { stopped, own })
  return makeReport(board, recorder, { ...(await startElf(own, board)), own })
}

async function loadStart4(board: Board, own: OwnFiles): Promise<Stop | undefined> {
  const bytes = await own.fetch('eeprom', 'config.txt')
  for (const recovery of ['recover4.elf', 'recovery.elf'])
    if (await own.fetch('eeprom', recovery))
      return stopAt(
        'eeprom',
        'recovery',
        `${recovery} came, so the board starts the recovery system`,
      )
  const config = bytes ? readConfigTxt(bytes, board) : noConfig
  const { start, fixup } = startFiles(config, board.model)
  if (!(await own.need('eeprom', start, 'firmware')))
    return own.stopWithout('eeprom', start, 'start4.elf')
  await own.want('eeprom', fixup, 'fixup', 'the firmware cannot divide the memory as gpu_mem says')
  return undefined
}
