import * as z from 'zod'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import { ipv4, models } from '../../farm/schema.ts'
import { render } from '../../render.ts'
import { alone } from '../../sd-card/alone.ts'
import { boardOf } from '../../sd-card/boards.ts'
import type { Disk } from '../../sd-card/disks.ts'
import { declined, putFuseLine, warnings } from '../../sd-card/fuse.ts'
import { withCard, withRoot, withWorkDir } from '../../sd-card/open-card.ts'
import { hasNetbootFuse } from '../../sd-card/otp.ts'
import { holdsSystem, putReporter } from '../../sd-card/report-card.ts'
import { listenForReports, type Report } from '../../sd-card/report-listener.ts'
import type { Tools } from '../../tools.ts'
import { deadline, endWith, readTimeout } from '../deadline.ts'
import type { EnableOptions } from '../enable-netboot-sd.ts'
import { flag } from '../pi-options.ts'
import { readFarm } from '../session.ts'
import { pickCard } from './pick-card.ts'

const wholeNumber = z.coerce.number().int().positive()
const port = z.coerce.number().int().min(0).max(65_535)

/**
 * A card that also tells this NAS which board it is in, and the listener for it: each Pi of a box is
 * started once with the card, and its add-pi line appears.
 */
export async function reportCard(tools: Tools, options: EnableOptions): Promise<number> {
  const { nas, ui, signal } = tools
  const count = flag('--count', wholeNumber, options.count)
  const timeout = readTimeout(options.timeout)
  if (options.bootDir !== undefined)
    throw new UserError('--report needs the whole card: its unit lies outside the boot partition', {
      hint: 'name the card with --device',
    })
  const at = await listenAt(tools, options)
  const card = await pickCard(tools, options.device)
  const seen = new Map<string, Report>()
  const over = new AbortController()
  let unread: AbortSignal | undefined
  const listener = await listenForReports(at, {
    report(report) {
      const before = seen.get(report.serial)
      seen.set(report.serial, report)
      // The first boot may have come before the fuse was blown; the second then tells it.
      if (before?.otp17 === report.otp17) return
      ui.answer(options.json ? JSON.stringify(report) : described(report))
      if (seen.size === count) over.abort()
    },
    refused: (why) => ui.warn(`refused ${why}`),
  })
  try {
    await alone(nas, card, () => putOnCard(tools, card, listener.url))
    ui.say(`listening at ${new URL(listener.url).host}; start each Pi once with the card`)
    ui.say('end with Ctrl-C; then take the line and the reporter off: --remove')
    unread = tools.whenUnread?.(over.signal)
    endWith(over, deadline(signal, timeout), unread)
    await fired(over.signal)
  } finally {
    listener.close()
    over.abort()
  }
  signal.throwIfAborted()
  if (seen.size > 0 || unread?.aborted) return exitCodes.done
  throw new UserError('no Pi has reported', {
    hint: 'does the firewall let the Pis reach the address above? --listen takes a fixed port',
    exitCode: exitCodes.putBack,
  })
}

/** Puts the line and the reporter on the card. */
async function putOnCard({ nas, ui }: Tools, card: Disk, url: string): Promise<void> {
  await withWorkDir(nas, async (dir) => {
    const noSystem = new UserError(`no root filesystem on ${card.path} that can be mounted`, {
      hint: 'the card needs a system that boots, such as Raspberry Pi OS',
    })
    // Looked at before anything is asked or written.
    if (!(await withRoot(nas, card, dir, (top) => holdsSystem(nas, top)))) throw noSystem
    const outcome = await withCard(nas, card, dir, (partition) =>
      putFuseLine(partition, ui, [warnings.fuse, warnings.card]),
    )
    if (outcome === 'declined') throw declined()
    const files = {
      unit: render('sd-card/pifarm-report.service', {}),
      script: render('sd-card/pifarm-report.hbs', { url }),
    }
    const put = await withRoot(nas, card, dir, async (top) => {
      await putReporter(nas, top, files)
      return true
    })
    if (!put) throw noSystem
  })
}

async function listenAt({ nas }: Tools, { listen, config }: EnableOptions) {
  if (listen === undefined)
    return { address: (await readFarm(nas, config)).farm.nas.address as string, port: 0 }
  const [address, number = '0', ...rest] = listen.split(':')
  if (rest.length > 0) throw new UserError(`--listen ${quoted(listen)} is not address:port`)
  // A Pi would take it for itself.
  if (address === '0.0.0.0')
    throw new UserError('--listen 0.0.0.0 goes on the card, and no Pi finds this machine by it', {
      hint: 'name the address at which the Pis reach it: --listen 10.77.0.1:8017',
    })
  return {
    address: flag('--listen', ipv4, address) ?? '',
    port: flag('--listen', port, number) ?? 0,
  }
}

function described({ mac, serial, revision, model, otp17 }: Report): string {
  const board = boardOf(Number.parseInt(revision, 16) || 0)
  const known = revision === '' ? undefined : models.find((one) => one === board)
  const fuse =
    otp17 === ''
      ? ''
      : hasNetbootFuse(Number.parseInt(otp17, 16))
        ? '  fuse set'
        : '  fuse not set yet'
  const ofModel = known === undefined ? '' : ` --model ${known}`
  return `${serial}  ${mac}  ${model}${fuse}\n  pifarm add-pi --mac ${mac} --serial ${serial}${ofModel}`
}

async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
