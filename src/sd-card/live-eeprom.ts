import { exitCodes, UserError } from '../errors.ts'
import { bootOrderIn, bootsFromNetwork, withNetworkBoot } from './boot-order.ts'
import { declined } from './fuse.ts'
import { type AsRoot, asRoot, restart, type Session } from './live-pi.ts'

/** Adds the network to the boot order of a Pi 4 or later, restarts it, and looks whether it took. */
export async function setBootOrder(session: Session, board: string): Promise<void> {
  const { ui, where, run, signal } = session
  const settings = await readSettings(run)
  const before = bootOrderIn(settings)
  if (before !== undefined && bootsFromNetwork(before)) {
    ui.say(`${where}: BOOT_ORDER=${before} has the network in it already; nothing was changed`)
    return
  }
  const wanted = withNetworkBoot(settings, /5/.test(board) ? '0xf461' : '0xf41')
  const order = bootOrderIn(wanted)
  ui.say(`BOOT_ORDER is ${before ?? 'not set'}; with the network in it: ${order}`)
  if (!(await ui.confirm(`Write that into the EEPROM of ${where} and restart it?`)))
    throw declined()
  await writeSettings(run, wanted)
  if (signal.aborted) ui.warn(`${where} takes BOOT_ORDER=${order} with its next restart`)
  const back = await restart(session, (why) => {
    return new UserError(`${where} did not come back after its restart: ${why}`, {
      hint: 'look at its screen; what became of its EEPROM: rpi-eeprom-config',
      exitCode: exitCodes.needsHands,
    })
  })
  try {
    const now = bootOrderIn(await readSettings(await asRoot(back, session.askPassword)))
    if (now !== order)
      throw new UserError(`${where} restarted, but its BOOT_ORDER is ${now ?? 'not set'}`, {
        hint: 'a write-protected EEPROM, or an old bootloader: try rpi-eeprom-update on it',
        exitCode: exitCodes.putBack,
      })
    ui.say(`${where}: BOOT_ORDER=${now}`)
  } finally {
    back.close()
  }
}

async function readSettings(run: AsRoot): Promise<string> {
  return await must(run, ['rpi-eeprom-config'])
}

async function writeSettings(run: AsRoot, settings: string): Promise<void> {
  const file = (await must(run, ['mktemp'])).trim()
  await must(run, ['tee', '--', file], settings)
  await must(run, ['rpi-eeprom-config', '--apply', file])
  await must(run, ['rm', '--', file])
}

async function must(run: AsRoot, argv: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(argv, input)
  if (code === 0) return stdout
  throw new UserError(`${argv.join(' ')} failed on the Pi: ${stderr.trim()}`, {
    hint: 'rpi-eeprom-config is in the package rpi-eeprom',
    exitCode: exitCodes.putBack,
  })
}
