import { isOn, turnOff, turnOn } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** What images of Raspberry Pi OS run once, on a card, for the one Pi that they are written for. */
const units = [
  'resize2fs_once.service',
  'rpi-resize.service',
  'regenerate_ssh_host_keys.service',
  'apply_noobs_os_config.service',
  'userconfig.service',
  'cloud-init-main.service',
  'cloud-init-local.service',
  'cloud-init-network.service',
  'cloud-init.service',
  'cloud-config.service',
  'cloud-final.service',
]
/** What userconfig leaves when it is done: the wizard's desktop entry, and ssh's warning. */
const leftovers = ['/etc/xdg/autostart/piwiz.desktop', '/etc/ssh/sshd_config.d/rename_user.conf']
const getty = 'getty@tty1.service'

export const firstBoot: Step = {
  id: 'first-boot',
  title: 'No first boot',
  why: 'first-boot jobs ask questions on a screen that is not there, resize a card that is not there, and replace the ssh keys that the NAS made',
  cure: 'masks their units, removes what starts the wizard, and gives the login prompt back to the screen',
  async inspect(tree) {
    const problems = (await running(tree)).map((unit) => `${unit} runs at the next boot`)
    for (const path of await present(tree)) problems.push(`${path} belongs to the first boot`)
    return problems
  },
  async mend(tree) {
    const changed: string[] = []
    const on = await running(tree)
    for (const unit of on) changed.push(await turnOff(tree, unit))
    for (const path of await present(tree)) {
      await tree.put(path, undefined)
      changed.push(`removed ${path}`)
    }
    // The wizard has taken the first screen: without it nobody could log in there.
    const back = on.includes('userconfig.service') && (await turnOn(tree, getty, 'getty.target'))
    return back ? [...changed, back] : changed
  },
}

async function running(tree: Tree): Promise<readonly string[]> {
  const found: string[] = []
  for (const unit of units) if (await isOn(tree, unit)) found.push(unit)
  return found
}

async function present(tree: Tree): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of leftovers) if ((await tree.read(path)) !== undefined) found.push(path)
  return found
}
