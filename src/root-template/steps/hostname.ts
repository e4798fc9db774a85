import { linesAt, putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const hosts = '/etc/hosts'
const ownAddress = /^127\.0\.1\.1[ \t]/

export const hostname: Step = {
  id: 'hostname',
  title: 'Host name',
  why: 'a root that is still called after the machine it was made on writes its logs and asks for its lease under that name',
  cure: "writes the template's name into /etc/hostname and behind 127.0.1.1 in /etc/hosts; every clone gets its Pi's",
  templateOnly: true,
  async inspect(tree, { name }) {
    const said = await ownName(tree)
    const other = (await linesAt(tree, hosts)).filter((line) => namesOther(line, name))
    return [
      ...(said === name ? [] : [`/etc/hostname says ${said ?? 'nothing'}, not ${name}`]),
      ...other.map((line) => `${hosts} names another machine: ${line.replace(/\s+/g, ' ')}`),
    ]
  },
  async mend(tree, { name }) {
    const changed: string[] = []
    if ((await ownName(tree)) !== name) {
      await putText(tree, '/etc/hostname', `${name}\n`)
      changed.push(`/etc/hostname says ${name}`)
    }
    const lines = await linesAt(tree, hosts)
    if (lines.some((line) => namesOther(line, name))) {
      const mended = lines.map((line) => (namesOther(line, name) ? `127.0.1.1\t${name}` : line))
      await putText(tree, hosts, mended.join('\n'))
      changed.push(`${hosts} names ${name}`)
    }
    return changed
  },
}

async function ownName(tree: Tree): Promise<string | undefined> {
  return (await textAt(tree, '/etc/hostname'))?.trim()
}

function namesOther(line: string, name: string): boolean {
  return ownAddress.test(line) && line.split(/\s+/)[1] !== name
}
