import { type Setting, settingOf } from '../inside/settings.ts'
import { putDropIn } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const dropIn = '/etc/systemd/system.conf.d/zz-pifarm.conf'

export const watchdog: Step = {
  id: 'watchdog',
  title: 'Hardware watchdog',
  why: 'a Pi that hangs, or that cannot finish shutting down because its root is gone, needs somebody to pull its plug, unless its watchdog resets it',
  cure: `writes RuntimeWatchdogSec and RebootWatchdogSec into ${dropIn}`,
  async inspect(tree) {
    const set = await timeoutOf(tree)
    if (isArmed(set)) return []
    return set === undefined
      ? ['/etc/systemd/system.conf leaves the watchdog off: RuntimeWatchdogSec is not set']
      : [`${set.path} turns the watchdog off: RuntimeWatchdogSec=${set.value}`]
  },
  async mend(tree) {
    if (isArmed(await timeoutOf(tree))) return []
    // 15 s is what the chip can count; systemd feeds it twice in that time.
    const text = '[Manager]\nRuntimeWatchdogSec=15\nRebootWatchdogSec=2min\n'
    return (await putDropIn(tree, dropIn, text)) ? [`${dropIn} says RuntimeWatchdogSec=15`] : []
  },
}

async function timeoutOf(tree: Tree): Promise<Setting | undefined> {
  return await settingOf(tree, 'systemd/system.conf', 'Manager', 'RuntimeWatchdogSec')
}

function isArmed(set: Setting | undefined): boolean {
  return set !== undefined && !/^(?:|0\w*|off|default)$/.test(set.value)
}
