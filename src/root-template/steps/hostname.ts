import { linesAt, putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'

const hosts = '/etc/hosts'
const ownAddress = /^127\.0\.1\.1[ \t]/

export const hostname: Step = {
  id: 'hostname',
  title: 'Host name',
  why: 'a root that is still called after the machine it was made on writes its logs and asks for its lease under that name',
  cure: "writes the template's name into /etc/hostname and behind 127.0.1.1 in /etc/hosts; every clone gets its Pi's",
  templateOnly: true,
  async inspect(tree, { name }) {
    const problems: string[] = []
    const said = (await textAt(tree, '/etc/hostname'))?.trim()
    if (said !== name) problems.push(`/etc/hostname says ${said ?? 'nothing'}, not ${name}`)
    for (const line of await linesAt(tree, hosts))
      if (ownAddress.test(line) && line.split(/\s+/)[1] !== name)
        problems.push(`${hosts} names another machine: ${line.replace(/\s+/g, ' ')}`)
    return problems
  },
  async mend(tree, wishes) {
    const problems = await this.inspect(tree, wishes)
    const line = `127.0.1.1\t${wishes.name}`
    if (problems.some((problem) => problem.startsWith('/etc/hostname')))
      await putText(tree, '/etc/hostname', `${wishes.name}\n`)
    if (problems.some((problem) => problem.startsWith(hosts))) {
      const lines = await linesAt(tree, hosts)
      const mended = lines.map((old) => (ownAddress.test(old) ? line : old)).join('\n')
      await putText(tree, hosts, mended)
    }
    return problems.length === 0 ? [] : [`is called ${wishes.name}`]
  },
}
