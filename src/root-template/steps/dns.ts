import { putText, textAt, withLine } from '../inside/texts.ts'
import { unitFile } from '../inside/units.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const path = '/etc/resolv.conf'
/** What the kernel was told with its address. */
const kernels = '/proc/net/pnp'
const networkManager = '/etc/NetworkManager/conf.d/zz-pifarm-dns.conf'
const hush = '[main]\ndns=none\nrc-manager=unmanaged\n'
const resolvconf = '/etc/resolvconf.conf'

export const dns: Step = {
  id: 'dns',
  title: 'Name servers',
  why: 'nothing manages the interface that the root is mounted over, so nothing knows a name server to write into resolv.conf: no name of a controller, time server or package server resolves',
  cure: "writes the farm's name servers into /etc/resolv.conf, or makes it a link to what the kernel was told with its address, and keeps NetworkManager and resolvconf from emptying it",
  async inspect(tree, wishes) {
    const problems = (await isRight(tree, wishes)) ? [] : [`${path} names no server that will hold`]
    if (await networkManagerWrites(tree)) problems.push(`NetworkManager writes ${path} anew`)
    if (await resolvconfWrites(tree)) problems.push(`${resolvconf} lets resolvconf write ${path}`)
    return problems
  },
  async mend(tree, wishes) {
    const changed = (await isRight(tree, wishes)) ? [] : [await write(tree, wishes)]
    if (await networkManagerWrites(tree)) {
      await putText(tree, networkManager, hush)
      changed.push(`${networkManager} says dns=none`)
    }
    if (await resolvconfWrites(tree)) {
      await putText(
        tree,
        resolvconf,
        withLine((await textAt(tree, resolvconf)) ?? '', 'resolvconf=NO'),
      )
      changed.push(`${resolvconf} says resolvconf=NO`)
    }
    return changed
  },
}

async function isRight(tree: Tree, wishes: TemplateWishes): Promise<boolean> {
  const entry = await tree.read(path)
  if (wishes.dns.length > 0) {
    if (entry?.kind !== 'file') return false
    const named = entry.text.split('\n').map((line) => line.trim().split(/\s+/))
    const servers = named.filter(([key]) => key === 'nameserver').map(([, server]) => server)
    return servers.join() === wishes.dns.join()
  }
  if (entry?.kind === 'link') return entry.target === kernels
  return entry?.kind === 'file' && /^\s*nameserver\s+\S/m.test(entry.text)
}

async function write(tree: Tree, wishes: TemplateWishes): Promise<string> {
  if (wishes.dns.length === 0) {
    await tree.put(path, { kind: 'link', target: kernels })
    return `${path} is a link to ${kernels}`
  }
  const text = wishes.dns.map((server) => `nameserver ${server}\n`).join('')
  await tree.put(path, { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 })
  return `${path} names ${wishes.dns.join(', ')}`
}

async function networkManagerWrites(tree: Tree): Promise<boolean> {
  const isThere = (await unitFile(tree, 'NetworkManager.service')) !== undefined
  return isThere && (await textAt(tree, networkManager)) !== hush
}

/** openresolv, which dhcpcd calls whenever another interface comes or goes (Debian 11 and older). */
async function resolvconfWrites(tree: Tree): Promise<boolean> {
  const text = await textAt(tree, resolvconf)
  return text !== undefined && !/^\s*resolvconf=["']?NO\b/im.test(text)
}
