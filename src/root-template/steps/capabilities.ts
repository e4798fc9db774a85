import { linesAt, putText } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const dropIn = '/etc/sysctl.d/zz-pifarm-ping.conf'
const key = 'net.ipv4.ping_group_range'
const setuid = 0o4000

export const capabilities: Step = {
  id: 'capabilities',
  title: 'File capabilities',
  why: 'NFS does not carry file capabilities: ping and the like work for root only',
  cure: `lets everybody ping by ${key} in ${dropIn}; programs that need other capabilities are listed, run them with sudo`,
  async inspect(tree) {
    return (await pingWorks(tree)) ? [] : ['/bin/ping works for root only']
  },
  async mend(tree) {
    if (await pingWorks(tree)) return []
    await putText(tree, dropIn, `${key} = 0 2147483647\n`)
    return [`${dropIn} lets everybody ping`]
  },
  async notes(tree) {
    const { stdout } = await tree.ask(['getcap', '-r', tree.top])
    return stdout
      .split('\n')
      .filter((line) => line.startsWith(`${tree.top}/`) && !/\/ping\s/.test(line))
      .map((line) => `over NFS, lost: ${line.slice(tree.top.length)}`)
      .sort()
  },
}

async function pingWorks(tree: Tree): Promise<boolean> {
  const ping = (await tree.read('/usr/bin/ping')) ?? (await tree.read('/bin/ping'))
  if (ping?.kind !== 'file' || (ping.mode & setuid) !== 0) return true
  for (const dir of ['/etc/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d'])
    for (const name of (await tree.list(dir))?.keys() ?? [])
      if (name.endsWith('.conf') && (await sets(tree, `${dir}/${name}`))) return true
  return await sets(tree, '/etc/sysctl.conf')
}

async function sets(tree: Tree, path: string): Promise<boolean> {
  const lines = await linesAt(tree, path)
  return lines.some(
    (line) =>
      line
        .replace(/\s*=.*/, '')
        .trim()
        .replace(/^-/, '') === key,
  )
}
