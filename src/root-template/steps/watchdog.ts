import { settingOf } from '../inside/settings.ts'
import { putText } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const dropIn = '/etc/systemd/system.conf.d/zz-pifarm.conf'

export const watchdog: Step = {
  id: 'watchdog',
  title: 'Hardware watchdog',
  why: 'a Pi that hangs, or that cannot finish shutting down because its root is gone, needs somebody to pull its plug, unless its watchdog resets it',
  cure: `writes RuntimeWatchdogSec and RebootWatchdogSec into ${dropIn}`,
  async inspect(tree) {
    return (await isArmed(tree))
      ? []
      : ['/etc/systemd/system.conf leaves the watchdog off: RuntimeWatchdogSec is not set']
  },
  async mend(tree) {
    if (await isArmed(tree)) return []
    // 15 s is what the chip can count; systemd feeds it twice in that time.
    await putText(tree, dropIn, '[Manager]\nRuntimeWatchdogSec=15\nRebootWatchdogSec=2min\n')
    return [`${dropIn} says RuntimeWatchdogSec=15`]
  },
}

async function isArmed(tree: Tree): Promise<boolean> {
  const set = await settingOf(tree, 'systemd/system.conf', 'Manager', 'RuntimeWatchdogSec')
  return set !== undefined && !/^(?:|0\w*|off|default)$/.test(set)
}
