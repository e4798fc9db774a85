import { debianVersion } from '../inside/release.ts'
import { putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const machineId = '/etc/machine-id'
/** Files that a machine makes for itself when they are missing. */
const own = [
  '/var/lib/systemd/random-seed',
  '/var/lib/systemd/credential.secret',
  '/etc/dhcpcd.duid',
  '/etc/dhcpcd.secret',
  '/var/lib/dhcpcd/duid',
  '/var/lib/dhcpcd/secret',
  '/var/lib/dhcpcd5/duid',
  '/var/lib/NetworkManager/secret_key',
  '/etc/hostid',
]

export const identity: Step = {
  id: 'identity',
  title: 'No identity',
  why: 'clones that share ssh host keys, a machine-id or a DHCP client id are taken for one another: one address for two Pis, and one stolen key for all',
  cure: 'removes them; every clone gets its own from pifarm',
  templateOnly: true,
  async inspect(tree) {
    const problems = (await present(tree)).map((path) => `${path} is of one machine only`)
    if (!(await isBlank(tree))) problems.push(`${machineId} is of one machine only`)
    return problems
  },
  async mend(tree) {
    const changed: string[] = []
    for (const path of await present(tree)) {
      await tree.put(path, undefined)
      changed.push(`removed ${path}`)
    }
    if (!(await isBlank(tree))) {
      await putText(tree, machineId, await blank(tree), 0o444)
      changed.push(`emptied ${machineId}`)
    }
    return changed
  },
}

async function present(tree: Tree): Promise<readonly string[]> {
  const ssh = [...((await tree.list('/etc/ssh'))?.keys() ?? [])]
  const found = ssh.filter((name) => name.startsWith('ssh_host_')).map((name) => `/etc/ssh/${name}`)
  // As a link to /etc/machine-id, which is the usual form, it is right in every clone.
  if ((await tree.read('/var/lib/dbus/machine-id'))?.kind === 'file')
    found.push('/var/lib/dbus/machine-id')
  for (const path of own) if ((await tree.read(path)) !== undefined) found.push(path)
  return found
}

/** Empty or `uninitialized`. Not missing: systemd could not write it into a root that is read-only. */
async function isBlank(tree: Tree): Promise<boolean> {
  const text = await textAt(tree, machineId)
  return text !== undefined && /^(?:uninitialized)?\n?$/.test(text)
}

/** As the images of each release have it. */
async function blank(tree: Tree): Promise<string> {
  return ((await debianVersion(tree)) ?? 0) >= 13 ? 'uninitialized\n' : ''
}
