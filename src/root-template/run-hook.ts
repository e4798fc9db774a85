import { exitCodes, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { type ChrootTools, runInside } from './chroot.ts'
import { fetchFailure } from './fetch-failure.ts'

/** The executables of a hook directory in the order in which they run. */
export async function hookNames(nas: Host, dir: string): Promise<readonly string[]> {
  const found = await nas.list(dir)
  if (found === undefined) throw new UserError(`there is no directory ${dir}`)
  const names: string[] = []
  for (const name of [...found.keys()].sort()) {
    const entry = await nas.read(`${dir}/${name}`)
    if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) names.push(name)
  }
  return names
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
