import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const path = '/etc/resolv.conf'
/** What the kernel was told with its address. */
const kernels = '/proc/net/pnp'

export const dns: Step = {
  id: 'dns',
  title: 'Name servers',
  why: 'nothing manages the interface that the root is mounted over, so nothing writes resolv.conf: no name of a controller, time server or package server resolves',
  cure: "writes the farm's name servers into /etc/resolv.conf, or makes it a link to what the kernel was told with its address",
  async inspect(tree, wishes) {
    return (await isRight(tree, wishes)) ? [] : [`${path} names no server that will hold`]
  },
  async mend(tree, wishes) {
    if (await isRight(tree, wishes)) return []
    if (wishes.dns.length === 0) {
      await tree.put(path, { kind: 'link', target: kernels })
      return [`${path} is a link to ${kernels}`]
    }
    const text = textOf(wishes)
    await tree.put(path, { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 })
    return [`${path} names ${wishes.dns.join(', ')}`]
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

function textOf({ dns }: TemplateWishes): string {
  return dns.map((server) => `nameserver ${server}\n`).join('')
}
