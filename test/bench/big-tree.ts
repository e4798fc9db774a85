import { appendFile, link, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

const entries = 30_000
const bytes = 750_000_000
/** More than any file of a Raspberry Pi OS has. */
const largest = 40_000_000

/**
 * Makes a tree of the size and the variety of a Pi's root: a sample of this machine's own /usr,
 * topped up where that is small, with files of each kind that careless copies lose.
 */
export async function makeBigTree(dir: string): Promise<void> {
  await mkdir(dir)
  const sample = await sampleOf('/usr')
  const pack = ['-c', '-C', '/', '--no-recursion', '--null', '--verbatim-files-from', '-T', '-']
  const options = { input: sample.paths.join('\0'), buffer: false }
  await execa('tar', pack, options).pipe('tar', ['-x', '-p', '-C', dir], { buffer: false })
  await topUp(join(dir, 'more'), entries - sample.paths.length, bytes - sample.bytes)
  await layOddFiles(dir)
}

/** Evenly spread over the whole tree, so that it is like the whole. */
async function sampleOf(
  top: string,
): Promise<{ readonly paths: readonly string[]; readonly bytes: number }> {
  const kinds = ['(', '-type', 'f', '-o', '-type', 'l', ')']
  const { stdout } = await execa('find', [top, '-xdev', ...kinds, '-printf', '%s %P\\0'])
  const all = stdout.split('\0').filter((line) => line !== '')
  const step = Math.max(1, all.length / entries)
  const paths: string[] = []
  let sum = 0
  for (let at = 0; at < all.length; at += step) {
    const [, size = '', path = ''] = /^(\d+) (.*)$/s.exec(all[Math.floor(at)] ?? '') ?? []
    if (Number(size) > largest || sum + Number(size) > bytes) continue
    sum += Number(size)
    paths.push(join(top, path).slice(1))
  }
  return { paths, bytes: sum }
}

async function topUp(dir: string, files: number, size: number): Promise<void> {
  await mkdir(dir)
  const each = Math.max(0, Math.floor(size / Math.max(1, files)))
  for (let index = 0; index < files; index++)
    await writeFile(join(dir, `${index}`), Buffer.alloc(each, `${index} `))
  if (files <= 0 && size > 0) await writeFile(join(dir, 'rest'), Buffer.alloc(size, 'rest '))
}

async function layOddFiles(top: string): Promise<void> {
  const dir = join(top, 'odd')
  await mkdir(dir)
  for (const name of ['linked', 'capable', 'listed', 'noted'])
    await writeFile(join(dir, name), name)
  for (let index = 0; index < 50; index++)
    await link(join(dir, 'linked'), join(dir, `link${index}`))
  await execa('setcap', ['cap_net_raw=ep', join(dir, 'capable')])
  await execa('setfacl', ['-m', 'g:adm:rx', join(dir, 'listed')])
  await execa('setfacl', ['-m', 'd:g:adm:rx', dir])
  await execa('setfattr', ['-n', 'trusted.pifarm', '-v', 'kept', join(dir, 'noted')])
  const sparse = await open(join(dir, 'sparse'), 'w')
  await sparse.truncate(1_000_000_000)
  await sparse.close()
  await appendFile(join(dir, 'sparse'), 'the end')
}
