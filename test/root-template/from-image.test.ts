import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeImage } from '../support/disk-image.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { type Layout, laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { changesOf, plainWishes, sameButFor } from '../support/template-tree.ts'

let nas: ScratchNas

beforeAll(() => {
  nas = scratchNas()
})
afterAll(() => nas.remove())

async function build(name: string, image: string): Promise<string> {
  const built = await nas.pifarm([
    ...['template', 'build', name, '--from-image', image, '--json'],
    ...plainWishes,
  ])
  expect([built.error, built.code]).toEqual(['', 0])
  return built.stdout
}

/** The boot files on FAT have no owner, no mode and even seconds: their bytes count. */
function bytesBelow(dir: string): ReadonlyMap<string, string> {
  const names = fs.readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => fs.statSync(join(dir, name)).isFile())
  return new Map(files.map((name) => [name, fs.readFileSync(join(dir, name), 'latin1')]))
}

function differences(source: SourceTree, name: string, manifest: string): string[] {
  const root = join(nas.roots, name)
  const said = changesOf(manifest)
  const isBoot = (path: string) => path.startsWith(`${source.boot}/`)
  const after = treeFacts(root)
  const roots = sameButFor(
    treeFacts(source.root),
    new Map([...after].filter(([path]) => !isBoot(path))),
    said,
  )
  const boots = sameButFor(bytesBelow(source.bootFiles), bytesBelow(join(root, source.boot)), said)
  return [...roots, ...boots].filter((line) => !line.startsWith('lost+found:'))
}

const layouts: readonly (readonly [Layout, 'mbr' | 'gpt'])[] = [
  ['buster', 'mbr'],
  ['bookworm', 'mbr'],
  ['trixie', 'mbr'],
  ['bookworm', 'gpt'],
]

describe.each(layouts)('an image of %s with %s', (layout, table) => {
  const name = `${layout}-${table}`
  let source: SourceTree
  let image: string

  beforeAll(() => {
    const dir = join(nas.dir, name)
    source = laySourceTree(dir, layout)
    image = makeImage(dir, source, table)
  })

  test('becomes a template equal but for what the steps say', async () => {
    const before = execFileSync('sha256sum', [image], { encoding: 'utf8' })
    const manifest = await build(name, image)
    expect(differences(source, name, manifest)).toEqual([])
    expect(JSON.parse(manifest).source.sha256).toBe(before.slice(0, 64))
    expect(execFileSync('sha256sum', [image], { encoding: 'utf8' })).toBe(before)
  })

  test('is one that lint has nothing against', async () => {
    const { code, stdout } = await nas.pifarm(['template', 'lint', name, ...plainWishes])
    // Only notes: a finding says why.
    expect(stdout).not.toMatch(/^ {2}why: /m)
    expect(code).toBe(0)
  })
})

describe('a packed image', () => {
  let source: SourceTree
  let image: string

  beforeAll(() => {
    const dir = join(nas.dir, 'packed')
    source = laySourceTree(dir, 'bookworm')
    image = makeImage(dir, source, 'mbr')
  })

  test.each([
    ['xz', ['xz', '-0', '-k']],
    ['gz', ['gzip', '-1', '-k']],
    ['zst', ['zstd', '-q', '-1']],
    ['bz2', ['bzip2', '-1', '-k']],
    ['zip', ['zip', '-q', '-1', '-j', 'ARCHIVE']],
  ])('of the form %s gives the same', async (form, argv) => {
    const [program = '', ...args] = argv.map((arg) => (arg === 'ARCHIVE' ? `${image}.zip` : arg))
    execFileSync(program, [...args, image])
    const manifest = await build(`packed-${form}`, `${image}.${form}`)
    expect(differences(source, `packed-${form}`, manifest)).toEqual([])
    expect(fs.readdirSync(nas.roots).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 40 * 1024 * 1024), 'the image ends before'],
    ['without a table', (bytes: Buffer) => Buffer.alloc(bytes.length), 'no partition table'],
    ['no image at all', () => Buffer.from('hello'), 'no partition table'],
  ])('%s is refused, and nothing is left', async (what, change, said) => {
    const file = join(nas.dir, `${what.replaceAll(' ', '-')}.img`)
    fs.writeFileSync(file, change(fs.readFileSync(image)))
    const built = await nas.pifarm(['template', 'build', 'broken', '--from-image', file])
    expect(built.error).toContain(said)
    expect(fs.readdirSync(nas.roots).filter((name) => /broken/.test(name))).toEqual([])
  })

  test('of xz that was cut short is refused with where to read on, and nothing is left', async () => {
    const whole = fs.readFileSync(`${image}.xz`)
    const file = join(nas.dir, 'short.img.xz')
    fs.writeFileSync(file, whole.subarray(0, whole.length / 2))
    const built = await nas.pifarm(['template', 'build', 'broken', '--from-image', file])
    expect(built.error).toMatch(/unpacking .*short\.img\.xz failed: .*end of input/)
    expect(built.hint).toContain(`${nas.state}/templates/broken.log`)
    expect(fs.readdirSync(nas.roots).filter((name) => /broken/.test(name))).toEqual([])
  })
})
