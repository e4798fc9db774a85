import { z } from 'zod'
import { exitCodes, UserError } from '../errors.ts'
import { mac, path } from '../farm/schema.ts'
import { parseLogLine } from '../netboot/boot-log.ts'
import { type Finding, SerialFinder } from '../netboot/find-serials.ts'
import { findLogSource, followArgv } from '../netboot/log-source.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { deadline, readTimeout } from './deadline.ts'
import { flag } from './pi-options.ts'
import { readFarm } from './session.ts'

interface FindSerialOptions extends Shared {
  readonly mac?: string
  readonly timeout?: string
  readonly count?: string
  readonly all?: true
  readonly log?: string
  readonly json?: true
}

/** Lines that were there before are read too: the Pi may have asked a minute ago. */
const linesBack = 2_000

/** Follows the log and prints each new serial that asks for its boot files. */
export async function findSerial(tools: Tools, options: FindSerialOptions): Promise<number> {
  const { nas, ui, signal } = tools
  const only = flag('--mac', mac, options.mac)
  const count = flag('--count', z.coerce.number().int().min(1), options.count)
  const timeout = readTimeout(options.timeout)
  const log = flag('--log', path, options.log)
  const { farm } = await readFarm(nas, options.config)
  const source = await findLogSource(nas, log ?? farm.services.log.file)
  const inFarm = new Set(farm.pis.map((pi) => pi.serial))
  const finder = new SerialFinder(farm.pis.map((pi) => pi.mac))
  const until = deadline(signal, timeout)
  let found = 0
  ui.say(`following ${source.kind === 'journal' ? 'the journal' : source.path}; end with Ctrl-C`)
  for await (const line of nas.follow(followArgv(source, linesBack), until)) {
    const event = parseLogLine(line)
    const finding = event && finder.feed(event)
    if (!finding || (only && finding.mac !== only)) continue
    if (!options.all && inFarm.has(finding.serial)) continue
    ui.answer(options.json ? JSON.stringify(finding) : described(finding))
    found += 1
    if (found === count) return exitCodes.done
  }
  signal.throwIfAborted()
  if (found > 0) return exitCodes.done
  throw new UserError('no Pi asked for its files', {
    hint: 'tftpd-hpa logs requests only with --verbose --verbose in TFTP_OPTIONS',
    exitCode: exitCodes.putBack,
  })
}

function described({ serial, mac, address, certain }: Finding): string {
  const board = mac === undefined ? 'MAC unknown' : `${mac}${certain ? '' : ' (not certain)'}`
  const line = `${serial}  ${board}  ${address ?? ''}`.trimEnd()
  return certain ? `${line}\n  pifarm add-pi --mac ${mac} --serial ${serial}` : line
}
