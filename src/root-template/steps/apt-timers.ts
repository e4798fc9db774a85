import { isOn, turnOff } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const timers = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'man-db.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
]

export const aptTimers: Step = {
  id: 'apt-timers',
  title: 'No upgrades by themselves',
  why: 'an upgrade on the Pi changes the modules in its root but not the kernel on the TFTP server, and all Pis at once load the NAS',
  cure: 'masks the timers of apt, and those that scan disks; upgrade the template instead',
  async inspect(tree) {
    return (await running(tree)).map((timer) => `${timer} is on`)
  },
  async mend(tree) {
    const changed: string[] = []
    for (const timer of await running(tree)) changed.push(await turnOff(tree, timer))
    return changed
  },
}

async function running(tree: Tree): Promise<readonly string[]> {
  const found: string[] = []
  for (const timer of timers) if (await isOn(tree, timer)) found.push(timer)
  return found
}
