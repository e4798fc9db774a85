import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Entry, Host } from '../host/host.ts'
import { shellWord } from '../shell-word.ts'
import { visible } from '../ui/visible.ts'
import { type ChrootTools, runInside } from './chroot.ts'
import { fetchFailure } from './fetch-failure.ts'

/**
 * The executables of a hook directory in the order in which they run. They run as root: refuses what
 * anybody of this machine may have written. `passOver` is told what is there and not run.
 */
export async function hookNames(
  nas: Host,
  dir: string,
  passOver: (line: string) => void,
): Promise<readonly string[]> {
  const found = await nas.list(dir)
  if (found === undefined) throw new UserError(`there is no directory ${quoted(dir)}`)
  refuseOpen(dir, await nas.read(`${dir}/.`))
  const names: string[] = []
  for (const name of [...found.keys()].sort()) {
    const path = `${dir}/${name}`
    const entry = await nas.read(path)
    if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) {
      refuseOpen(path, entry)
      names.push(name)
    } else passOver(`${visible(path)} is not run: it is no executable file`)
  }
  return names
}

function refuseOpen(path: string, entry: Entry | undefined): void {
  if (entry === undefined || !('mode' in entry) || (entry.mode & 0o002) === 0) return
  throw new UserError(`${quoted(path)} may be written by anybody, and hooks run as root`, {
    hint: `see what is in it, then: chmod o-w ${shellWord(path)}`,
  })
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
