import { linesAt, putText, textAt } from '../inside/texts.ts'
import { isOn, turnOff, unitFile } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const networkManager = '/etc/NetworkManager/conf.d/zz-pifarm-root-nic.conf'
const networkd = '/etc/systemd/network/05-pifarm-root-nic.network'
const networkdWait = 'systemd-networkd-wait-online.service'
const dhcpcd = '/etc/dhcpcd.conf'

/** The onboard port is eth0 on Raspberry Pi OS, and enx... or end0 by Debian's naming. */
const texts = {
  [networkManager]: '[keyfile]\nunmanaged-devices=interface-name:eth0;interface-name:en*\n',
  [networkd]:
    '[Match]\nName=eth0 en*\n\n[Link]\nUnmanaged=yes\n\n[Network]\nKeepConfiguration=yes\n',
} as const

export const rootNic: Step = {
  id: 'root-nic',
  title: 'The network interface of the root stays up',
  why: 'the kernel has set up the interface before its root was there: a network manager that sets it up again, or takes it down at shutdown, takes the root filesystem away and the Pi hangs',
  cure: 'tells NetworkManager, dhcpcd, systemd-networkd and ifupdown, whichever are installed, to leave the wired interface alone, and masks systemd-networkd-wait-online, which would wait for it',
  async inspect(tree) {
    const problems: string[] = []
    for (const path of await filesMissing(tree))
      problems.push(`${path} is missing: the wired interface would be set up again`)
    if (await dhcpcdMeddles(tree)) problems.push(`${dhcpcd} does not deny eth0`)
    for (const path of await interfacesFiles(tree))
      for (const line of await linesAt(tree, path))
        if (without(line) !== line)
          problems.push(`${path} sets the wired interface up: ${line.trim()}`)
    if (await isOn(tree, networkdWait)) problems.push(`${networkdWait} waits for what is unmanaged`)
    return problems
  },
  async mend(tree) {
    const changed: string[] = []
    for (const path of await filesMissing(tree)) {
      await putText(tree, path, texts[path])
      changed.push(`wrote ${path}`)
    }
    if (await dhcpcdMeddles(tree)) {
      // Before the first `interface` block: below it, the line would be of that block only.
      const text = (await textAt(tree, dhcpcd)) ?? ''
      await putText(tree, dhcpcd, `denyinterfaces eth0 en*\n${text}`)
      changed.push(`${dhcpcd} denies eth0`)
    }
    for (const path of await interfacesFiles(tree)) {
      const lines = await linesAt(tree, path)
      const mended = lines.map(without)
      if (mended.join('\n') === lines.join('\n')) continue
      await putText(tree, path, mended.join('\n'))
      changed.push(`${path} leaves the wired interface as it is`)
    }
    if (await isOn(tree, networkdWait)) changed.push(await turnOff(tree, networkdWait))
    return changed
  },
}

/**
 * A line of ifupdown's without the wired interface: what is not started at boot is not stopped at
 * shutdown either. Its `iface` block may stay.
 */
function without(line: string): string {
  const [, start, names] = /^(\s*(?:auto|allow-\S+)\s+)(\S.*)$/.exec(line) ?? []
  if (start === undefined || names === undefined) return line
  const kept = names.split(/\s+/).filter((name) => !/^(?:eth0|en\w+)$/.test(name))
  if (kept.length === names.split(/\s+/).length) return line
  return kept.length === 0 ? `#${line}` : `${start}${kept.join(' ')}`
}

async function filesMissing(tree: Tree): Promise<readonly (keyof typeof texts)[]> {
  const wanted: (keyof typeof texts)[] = []
  if ((await unitFile(tree, 'NetworkManager.service')) !== undefined) wanted.push(networkManager)
  // Its unit comes with systemd, used or not.
  if (await isOn(tree, 'systemd-networkd.service')) wanted.push(networkd)
  const found: (keyof typeof texts)[] = []
  for (const path of wanted) if ((await textAt(tree, path)) !== texts[path]) found.push(path)
  return found
}

async function dhcpcdMeddles(tree: Tree): Promise<boolean> {
  const text = await textAt(tree, dhcpcd)
  if (text === undefined) return false
  const global = text.split(/^\s*interface\s/m)[0] ?? ''
  return !/^\s*(?:denyinterfaces\s.*\beth0\b|nolink\b)/m.test(global)
}

async function interfacesFiles(tree: Tree): Promise<readonly string[]> {
  const more = [...((await tree.list('/etc/network/interfaces.d'))?.keys() ?? [])].sort()
  return ['/etc/network/interfaces', ...more.map((name) => `/etc/network/interfaces.d/${name}`)]
}
