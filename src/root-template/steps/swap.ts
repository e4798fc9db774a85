import { type Setting, settingOf } from '../inside/settings.ts'
import { putDropIn } from '../inside/texts.ts'
import { isOn, turnOff } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const service = 'dphys-swapfile.service'
const file = '/var/swap'
const dropIn = '/etc/rpi/swap.conf.d/zz-pifarm.conf'

export const swap: Step = {
  id: 'swap',
  title: 'No swap on NFS',
  why: 'a swap file cannot be used over NFS: making it takes minutes and gigabytes of the NAS, and needing it hangs the Pi',
  cure: 'masks dphys-swapfile, tells rpi-swap to use none, and removes /var/swap',
  async inspect(tree) {
    const problems: string[] = []
    if (await isOn(tree, service)) problems.push(`${service} makes a swap file at every boot`)
    const swaps = await rpiSwap(tree)
    if (swaps !== undefined)
      problems.push(`${swaps.path} swaps to a file: Mechanism=${swaps.value}`)
    if (await hasFile(tree)) problems.push(`${file} is a swap file`)
    return problems
  },
  async mend(tree) {
    const changed: string[] = []
    if (await isOn(tree, service)) changed.push(await turnOff(tree, service))
    const swaps = (await rpiSwap(tree)) !== undefined
    if (swaps && (await putDropIn(tree, dropIn, '[Main]\nMechanism=none\n')))
      changed.push(`${dropIn} says Mechanism=none`)
    if (await hasFile(tree)) {
      await tree.put(file, undefined)
      changed.push(`removed ${file}`)
    }
    return changed
  },
}

/** How rpi-swap (Debian 13) would swap to a file; undefined where it is not installed, or would not. */
async function rpiSwap(tree: Tree): Promise<Setting | undefined> {
  const names = (await tree.list('/etc/rpi')) ?? (await tree.list('/usr/lib/rpi'))
  const generator = '/usr/lib/systemd/system-generators/rpi-swap-generator'
  if (!names?.has('swap.conf') && (await tree.read(generator)) === undefined) return undefined
  const unset: Setting = { value: 'auto', path: '/etc/rpi/swap.conf' }
  const set = (await settingOf(tree, 'rpi/swap.conf', 'Main', 'Mechanism')) ?? unset
  // zram keeps to memory; auto picks a file behind it.
  return set.value === 'none' || set.value === 'zram' ? undefined : set
}

/** Asked of its directory: it can be gigabytes, and is not to be read. */
async function hasFile(tree: Tree): Promise<boolean> {
  return (await tree.list('/var'))?.get('swap') !== undefined
}
