import { exitCodes, UserError } from '../errors.ts'
import type { BootPartition } from './boot-partition.ts'
import { declined, hasFuseLine, putFuseLine, removeFuseLine, warnings } from './fuse.ts'
import { type AsRoot, asRoot, restart, type Session } from './live-pi.ts'
import { hasNetbootFuse, otpRow } from './otp.ts'

/**
 * Blows the fuse of a running Pi: puts the line in, restarts it, looks at bit 29 of OTP row 17, takes
 * the line out again. Nothing is changed where the fuse is blown already.
 */
export async function blowFuse(session: Session): Promise<void> {
  const { ui, where, run } = session
  if (await isBlown(run)) {
    ui.say(`${where}: the fuse is already set; nothing was changed`)
    if (await hasFuseLine(await bootPartitionOver(run, where)))
      ui.say('the line is still in its config.txt; --remove takes it out')
    return
  }
  const partition = await bootPartitionOver(run, where)
  const outcome = await putFuseLine(partition, ui, [warnings.fuse])
  if (outcome === 'declined') throw declined()
  if (outcome === 'already so') {
    ui.say(`the line is in its config.txt already: it needs a restart. ${warnings.fuse}`)
    if (!(await ui.confirm(`Restart ${where}?`))) throw declined()
  }
  const back = await restart(session, (why) => lost(session, why)).catch(async (error) => {
    // A Pi that would not restart is still there.
    const isOut =
      outcome === 'changed' &&
      (await removeFuseLine(partition).then(
        () => true,
        () => false,
      ))
    if (!isOut) ui.warn(`the line that sets the fuse is still in config.txt of ${where}`)
    throw error
  })
  try {
    const again = await asRoot(back, session.askPassword).catch((error) => leftIn(session, error))
    const blown = await isBlown(again).catch((error: unknown) => error)
    await removeFuseLine(await bootPartitionOver(again, where)).catch((error) =>
      leftIn(session, error),
    )
    // What the fuse says cannot be known; the line is out all the same.
    if (typeof blown !== 'boolean') throw blown
    if (!blown)
      throw new UserError(`${where} restarted, but its fuse is not set; the line was taken out`, {
        hint: 'old firmware did not write it: update it (apt full-upgrade), then try again',
        exitCode: exitCodes.putBack,
      })
    ui.say(`${where}: the fuse is set (bit 29 of OTP row 17), the line was taken out again`)
  } finally {
    back.close()
  }
}

/** The boot partition of a running Pi, through its shell. */
export async function bootPartitionOver(run: AsRoot, where: string): Promise<BootPartition> {
  let dir: string | undefined
  for (const place of ['/boot/firmware', '/boot'])
    if (dir === undefined && (await run(['test', '-f', `${place}/config.txt`])).code === 0)
      dir = place
  if (dir === undefined)
    throw new UserError(`${where} has no config.txt in /boot or /boot/firmware`, {
      hint: 'is it a Raspberry Pi, and is its boot partition mounted?',
    })
  const must = async (argv: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await run(argv, input)
    if (code === 0) return stdout
    throw new UserError(`${argv[0]} failed on ${where}: ${stderr.trim()}`, {
      exitCode: exitCodes.putBack,
    })
  }
  return {
    where: `${where}:${dir}`,
    list: async () => (await must(['ls', '-A', dir])).split('\n').filter(Boolean),
    read: async (name) => ({
      kind: 'file',
      text: await must(['cat', `${dir}/${name}`]),
      encoding: 'latin1',
      mode: 0o755,
      uid: 0,
      gid: 0,
    }),
    async write(name, entry) {
      const fresh = `${dir}/${name}.pifarm-new`
      if (entry === undefined) return void (await must(['rm', '--', `${dir}/${name}`]))
      await must(['tee', '--', fresh], entry.text)
      await must(['sync', fresh])
      await must(['mv', '-f', '--', fresh, `${dir}/${name}`])
      await must(['sync', dir])
    },
  }
}

async function isBlown(run: AsRoot): Promise<boolean> {
  const { code, stdout, stderr } = await run(['vcgencmd', 'otp_dump'])
  const row = otpRow(stdout, 17)
  if (code === 0 && row !== undefined) return hasNetbootFuse(row)
  throw new UserError(`the Pi does not tell its fuses: vcgencmd otp_dump: ${stderr.trim()}`, {
    hint: 'vcgencmd is part of Raspberry Pi OS (package raspi-utils)',
    exitCode: exitCodes.putBack,
  })
}

/** After the restart: whatever fails, the line that blows fuses must not be left there unsaid. */
function leftIn({ where }: Session, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new UserError(`${where} restarted, then: ${why}`, {
    hint: `the line is still in its config.txt: pifarm enable-netboot-sd --ssh ${where} --remove`,
    exitCode: exitCodes.needsHands,
    cause,
  })
}

function lost({ where }: Session, why: string): UserError {
  return new UserError(`${where} did not come back after its restart: ${why}`, {
    hint: `the line is still in its config.txt; once it is back: pifarm enable-netboot-sd --ssh ${where} --remove`,
    exitCode: exitCodes.needsHands,
  })
}
