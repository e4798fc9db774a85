import type { Report } from '../../ui/ui.ts'
import { installedPackages, installPackages } from '../inside/packages.ts'
import { type Setting, settingOf } from '../inside/settings.ts'
import { putDropIn, putText } from '../inside/texts.ts'
import { isOn, turnOn, unitFile } from '../inside/units.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const timesyncd = 'systemd-timesyncd.service'
const others = ['chrony.service', 'ntp.service', 'ntpsec.service', 'openntpd.service']
const dropIn = '/etc/systemd/timesyncd.conf.d/zz-pifarm.conf'
/** Its age is the earliest time that timesyncd lets the clock be. */
const clock = '/var/lib/systemd/timesync/clock'
const pool = [0, 1, 2, 3].map((n) => `${n}.debian.pool.ntp.org`)

export const time: Step = {
  id: 'time',
  title: 'The right time',
  why: 'a Pi has no clock that runs while it is off: until it has asked for the time, every TLS certificate is not yet valid',
  cure: 'turns systemd-timesyncd on, installs it if need be, with the NAS as its time server of last resort and the build as the earliest time; where another time service is on, that is left to it',
  async inspect(tree, wishes) {
    if (await hasOther(tree)) return []
    const problems = (await isOn(tree, timesyncd)) ? [] : [`${timesyncd} is not on`]
    const servers = await serversOf(tree)
    if (!hasNas(servers, wishes)) {
      const where = servers.map(({ path }) => path).join(' and ')
      problems.push(
        where === ''
          ? `${timesyncd} does not know the NAS ${wishes.nas}`
          : `${where} does not name the NAS ${wishes.nas} to ${timesyncd}`,
      )
    }
    if ((await tree.read(clock)) === undefined) problems.push(`${clock} is missing`)
    return problems
  },
  async mend(tree, wishes, report) {
    if (await hasOther(tree)) return []
    const changed: string[] = []
    if (!(await isOn(tree, timesyncd))) changed.push(...(await switchOn(tree, report)))
    const text = `[Time]\nFallbackNTP=${[...pool, wishes.nas].join(' ')}\n`
    if (!hasNas(await serversOf(tree), wishes) && (await putDropIn(tree, dropIn, text)))
      changed.push(`${dropIn} names ${wishes.nas}`)
    if ((await tree.read(clock)) === undefined) {
      await putText(tree, clock, '')
      changed.push(`${clock} says when the template was built`)
    }
    return changed
  },
}

async function hasOther(tree: Tree): Promise<boolean> {
  for (const unit of others) if (await isOn(tree, unit)) return true
  return false
}

async function serversOf(tree: Tree): Promise<readonly Setting[]> {
  const found: Setting[] = []
  for (const key of ['NTP', 'FallbackNTP']) {
    const set = await settingOf(tree, 'systemd/timesyncd.conf', 'Time', key)
    if (set !== undefined) found.push(set)
  }
  return found
}

function hasNas(servers: readonly Setting[], { nas }: TemplateWishes): boolean {
  return servers.some(({ value }) => value.split(/\s+/).includes(nas))
}

async function switchOn(tree: Tree, report?: Report): Promise<readonly string[]> {
  const changed: string[] = []
  // A package of its own since Debian 11.
  if ((await unitFile(tree, timesyncd)) === undefined) {
    if (!(await installedPackages(tree)).has('systemd-timesyncd')) {
      await installPackages(tree, ['systemd-timesyncd'], report)
      changed.push('installed systemd-timesyncd')
    }
  }
  const enabled = await turnOn(tree, timesyncd, 'sysinit.target')
  return enabled === undefined ? changed : [...changed, enabled]
}
