import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './run.js'

const unitDir = '/etc/systemd/system'

/** What starts when this machine boots, by the links that systemd and SysV's init go by. */
export function startedAtBoot() {
  const wanted = names(unitDir).filter((name) => /\.(wants|requires)$/.test(name))
  const levels = names('/etc').filter((name) => /^rc[S2-5]\.d$/.test(name))
  return {
    units: new Set(wanted.flatMap((name) => names(join(unitDir, name)))),
    scripts: new Set(
      levels.flatMap((name) =>
        names(join('/etc', name)).flatMap((link) => /^S\d\d(.+)$/.exec(link)?.[1] ?? []),
      ),
    ),
  }
}

/** Debian lets a daemon that it installs start at every boot; here nobody has asked for it to serve. */
export function keepFromBoot(before) {
  const now = startedAtBoot()
  const units = [...now.units].filter((name) => !before.units.has(name))
  const scripts = [...now.scripts].filter((name) => !before.scripts.has(name))
  const failed = [
    ...(units.length > 0 ? [['systemctl', '--quiet', 'disable', ...units]] : []),
    ...scripts.map((name) => ['update-rc.d', name, 'disable']),
  ].filter(([program, ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status !== 0)
  const all = [...units, ...scripts.filter((name) => !units.includes(`${name}.service`))].sort()
  if (all.length === 0) return
  say(`these came with the packages, and will not start at boot: ${all.join(' ')}`)
  say('where this machine is to serve by one of them: systemctl enable NAME')
  for (const argv of failed) say(`failed, so do it by hand: ${argv.join(' ')}`)
}

function names(dir) {
  return existsSync(dir) ? readdirSync(dir) : []
}
