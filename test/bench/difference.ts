import { execa } from 'execa'

/** Where two trees are not the same in content, links, modes, owners, times, xattrs or holes. */
export async function difference(a: string, b: string): Promise<string | undefined> {
  for (const look of [listing, hardLinks, attributes, onDisk]) {
    const [left, right] = [await look(a), await look(b)]
    if (left === right) continue
    const others = new Set(right.split('\n'))
    return `${look.name}: ${left.split('\n').find((line) => !others.has(line)) ?? 'more than before'}`
  }
  const { exitCode, stdout } = await execa('diff', ['-rq', '--no-dereference', a, b], {
    reject: false,
  })
  return exitCode === 0 ? undefined : stdout.split('\n')[0]
}

/** Modes, owners, links, times; sizes but for directories, which are the filesystem's affair. */
async function listing(dir: string): Promise<string> {
  const common = '%P %y %m %U %G %T@ %l'
  const kinds = ['-type', 'd', '-printf', `${common}\\n`, '-o', '-printf', `${common} %s %n\\n`]
  return sorted((await execa('find', ['.', ...kinds], { cwd: dir })).stdout)
}

/** Which names are one file. */
async function hardLinks(dir: string): Promise<string> {
  const several = ['-type', 'f', '-links', '+1', '-printf', '%i %P\\n']
  const { stdout } = await execa('find', ['.', ...several], { cwd: dir })
  const names = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [inode = '', ...rest] = line.split(' ')
    names.set(inode, [...(names.get(inode) ?? []), rest.join(' ')])
  }
  return sorted([...names.values()].map((group) => group.sort().join(' = ')).join('\n'))
}

/** Capabilities and ACLs are extended attributes too. */
async function attributes(dir: string): Promise<string> {
  const { stdout } = await execa('getfattr', ['-R', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    cwd: dir,
  })
  return sorted(stdout.replaceAll('\n\n', '\0').replaceAll('\n', ' ').replaceAll('\0', '\n'))
}

/** Holes that were filled show as blocks; two in a hundred are the filesystem's own. */
async function onDisk(dir: string): Promise<string> {
  const { stdout } = await execa('du', ['-sm', dir])
  return String(Math.round(Number.parseInt(stdout, 10) / 20))
}

function sorted(text: string): string {
  return text.split('\n').sort().join('\n')
}
