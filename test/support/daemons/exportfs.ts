import type { Output } from '../../../src/host/host.ts'
import { output } from '../fake-nas.ts'

/** What `exportfs -ra` makes of these files: the etab on stdout, which is empty after a bad word. */
export function fakeExportfs(
  files: readonly { readonly path: string; readonly text: string }[],
  isThere: (path: string) => boolean,
): Output {
  const etab: string[] = []
  const absent: string[] = []
  for (const { path: file, text } of files)
    for (const [index, line] of text.split('\n').entries()) {
      const [path = '', ...clients] = line.replace(/#.*/, '').split(/\s+/)
      if (path === '') continue
      if (!isThere(path))
        absent.push(`exportfs: Failed to stat ${path}: No such file or directory\n`)
      for (const client of clients) {
        const [, host = '', options = ''] = /^([^(]+)\(([^)]*)\)$/.exec(client) ?? []
        const bad = options.split(',').find((word) => !known.has(word))
        if (bad !== undefined)
          return output('', 1, `exportfs: ${file}:${index + 1}: unknown keyword "${bad}"\n`)
        etab.push(`${path}\t${host}(${options},wdelay,hide,nocrossmnt,secure,no_all_squash)\n`)
      }
    }
  return output(etab.join(''), Number(absent.length > 0), absent.join(''))
}

const known = new Set('rw ro sync no_subtree_check no_root_squash'.split(' '))
