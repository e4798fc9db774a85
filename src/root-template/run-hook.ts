import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { shellWord } from '../shell-word.ts'
import { visible } from '../ui/visible.ts'
import { type ChrootTools, runInside } from './chroot.ts'
import { fetchFailure } from './fetch-failure.ts'

/**
 * The executables of a hook directory in the order in which they run. They run as root: refuses what
 * others than root and `caller`, a uid, may have written. `passOver` is told what is there and not run.
 */
export async function hookNames(
  nas: Host,
  dir: string,
  caller: string | undefined,
  passOver: (line: string) => void,
): Promise<readonly string[]> {
  const found = await nas.list(dir)
  if (found === undefined) throw new UserError(`there is no directory ${quoted(dir)}`)
  await refuseOpen(nas, dir, caller)
  const names: string[] = []
  for (const name of [...found.keys()].sort()) {
    const path = `${dir}/${name}`
    const entry = await nas.read(path)
    if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) {
      await refuseOpen(nas, path, caller)
      names.push(name)
    } else passOver(`${visible(path)} is not run: it is no executable file`)
  }
  return names
}

/** What cron and sudo ask of the files they obey. */
async function refuseOpen(nas: Host, path: string, caller: string | undefined): Promise<void> {
  // The directory may be named by a link: what counts is where it leads.
  const { code, stdout, stderr } = await nas.ask(['stat', '-Lc', '%u %g %a', '--', path])
  if (code !== 0) throw new UserError(stderr.trim())
  const [uid = '', gid = '', mode = ''] = stdout.trim().split(' ')
  const bits = Number.parseInt(mode, 8)
  const refuse = (why: string, cure: string) => {
    throw new UserError(`${quoted(path)} ${why}, and hooks run as root`, {
      hint: `see what is in it, then: ${cure} ${shellWord(path)}`,
    })
  }
  if (uid !== '0' && uid !== caller) refuse(`belongs to user ${uid}`, 'chown root')
  if ((bits & 0o002) !== 0) refuse('may be written by anybody', 'chmod o-w')
  if ((bits & 0o020) !== 0 && gid !== '0') refuse(`may be written by group ${gid}`, 'chmod g-w')
}

/** Runs one of them inside. It is told the template's name as PIFARM_TEMPLATE. */
export async function runHook(
  chroot: ChrootTools,
  dir: string,
  name: string,
  template: string,
): Promise<void> {
  const output = await runInside(chroot, [`/run/pifarm-hooks/${name}`], {
    hooks: dir,
    env: { PIFARM_TEMPLATE: template },
  })
  if (output.code === 0) return
  const { message } = fetchFailure(`the hook ${name}`, output)
  throw new UserError(message, {
    hint: 'a hook is a program that runs inside the template: its interpreter has to be there',
    exitCode: exitCodes.putBack,
  })
}
