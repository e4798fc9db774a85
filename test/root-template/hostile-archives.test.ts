import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeImage } from '../support/disk-image.ts'
import { type Member, writeTar } from '../support/hostile-tar.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

/** Archives that are cut off, far larger than they look, or full of what a root seldom has. */
let nas: ScratchNas
let root: string
let image: string

beforeAll(() => {
  nas = scratchNas()
  const source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  image = makeImage(nas.dir, source, 'mbr')
  root = source.root
  fs.cpSync(source.bootFiles, join(root, source.boot), { recursive: true })
})
afterEach(() => {
  for (const name of fs.readdirSync(nas.roots))
    fs.rmSync(join(nas.roots, name), { recursive: true, force: true })
})
afterAll(() => nas.remove())

/** Builds from it, and holds the build to one clear line and to leaving nothing where it fails. */
async function build(from: '--from-tar' | '--from-image', file: string) {
  const built = await nas.pifarm(['template', 'build', 'x', from, file, ...plainWishes])
  expect(fs.readdirSync(nas.roots)).toEqual(built.code === 0 ? ['x'] : [])
  for (const said of [built.error, built.hint]) expect(said).not.toMatch(/\p{Cc}/u)
  if (built.code !== 0) expect(built.error).not.toBe('')
  return built
}

const packers = {
  gz: ['gzip', '-1', '-c'],
  xz: ['xz', '-0', '-c'],
  zst: ['zstd', '-q', '-1', '-c'],
  bz2: ['bzip2', '-1', '-c'],
} as const

/** `file` packed in that form, beside it. */
function packed(file: string, form: keyof typeof packers | 'zip'): string {
  const archive = `${file}.${form}`
  if (form === 'zip') {
    fs.rmSync(archive, { force: true })
    execFileSync('zip', ['-q', '-1', '-j', archive, file])
    return archive
  }
  const [program, ...args] = packers[form]
  const output = fs.openSync(archive, 'w')
  execFileSync(program, [...args, file], { stdio: ['ignore', output, 'inherit'] })
  fs.closeSync(output)
  return archive
}

function tarOf(name: string): string {
  const file = join(nas.dir, name)
  execFileSync('tar', ['-cf', file, '-C', root, '.'])
  return file
}

function cut(file: string): string {
  fs.truncateSync(file, Math.floor(fs.statSync(file).size * 0.6))
  return file
}

test.each(['gz', 'xz', 'zst', 'bz2'] as const)(
  'a tar that was cut off, %s, is refused',
  async (form) => {
    const { error, hint, code } = await build('--from-tar', cut(packed(tarOf('cut.tar'), form)))
    expect(error).toMatch(
      /^unpacking .*cut\.tar\.\w+ failed: .*(?:end of|EOF|premature|file ends)/i,
    )
    expect(hint).toContain('see that the file was copied whole')
    expect(code).toBe(3)
  },
)

test.each([
  [
    'the beginning of an xz',
    Buffer.from('fd377a585a00', 'hex'),
    'xz: (stdin): Unexpected end of input',
  ],
  ['no tar', Buffer.alloc(10_240), 'holds no root filesystem'],
  [
    'text',
    Buffer.concat([Buffer.alloc(4096, 'text'), Buffer.alloc(1024)]),
    'tar: This does not look like a tar archive',
  ],
])('%s as a tar is refused with what says why', async (_, bytes, said) => {
  const file = join(nas.dir, 'no.tar')
  fs.writeFileSync(file, bytes)
  expect((await build('--from-tar', file)).error).toContain(said)
})

test.each([
  ['gz', 'gzip: stdin: unexpected end of file'],
  ['xz', 'xz: (stdin): Unexpected end of input'],
  ['zst', '/*stdin*\\ : Read error'],
  ['bz2', 'bzip2: Compressed file ends unexpectedly'],
  ['zip', 'End-of-central-directory signature not found'],
] as const)('an image that was cut off, %s, is refused', async (form, said) => {
  const { error, hint } = await build('--from-image', cut(packed(image, form)))
  expect(error).toContain(`mbr.img.${form} failed: ${said}`)
  expect(hint).toContain('it may not have been fetched whole')
})

test.each(['gz', 'xz', 'zst', 'bz2', 'zip'] as const)(
  'an image, %s, that grows beyond the disk is refused, and the disk is as it was',
  async (form) => {
    const bomb = join(nas.dir, 'bomb.img')
    fs.copyFileSync(image, bomb)
    // Not zeros: of a hole, zstd makes a hole again.
    fs.appendFileSync(bomb, Buffer.alloc(60 * 1024 * 1024, 'pifarm'))
    const archive = packed(bomb, form)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'small', nas.roots])
    try {
      const { error, hint } = await build('--from-image', archive)
      // xz and zip say how large they get; of the others it is found out.
      expect(`${error}; ${hint}`).toMatch(/are needed|the disk of the roots is full/)
    } finally {
      execFileSync('umount', [nas.roots])
    }
  },
)

/** A zip of these files with their names, in this order. */
function zipOf(name: string, files: Readonly<Record<string, string | Buffer>>, ...flags: string[]) {
  const dir = join(nas.dir, `${name}-files`)
  const archive = join(nas.dir, `${name}.zip`)
  for (const [path, bytes] of Object.entries(files)) {
    fs.mkdirSync(join(dir, path, '..'), { recursive: true })
    fs.writeFileSync(join(dir, path), bytes)
  }
  execFileSync('zip', ['-q', '-1', ...flags, archive, ...Object.keys(files)], { cwd: dir })
  return archive
}

test('a zip of macOS, which has a file of its own beside each, gives the image', async () => {
  const files = { '__MACOSX/._card.img': 'not an image', 'card.img': fs.readFileSync(image) }
  const { error } = await build('--from-image', zipOf('mac', files))
  expect(error).toBe('')
})

test.each([
  ['none', { 'README.txt': 'x' }, 'holds no .img file'],
  ['two', { 'a.img': 'x', 'sub/b.img': 'y' }, 'holds 2 .img files'],
])('a zip with %s is refused before anything is written', async (name, files, said) => {
  const archive = zipOf(name, files)
  const { error, code } = await build('--from-image', archive)
  expect(error).toBe(`${archive} ${said}`)
  expect(code).toBe(2)
})

test('a zip that wants a password is refused, and asks nobody', async () => {
  const archive = zipOf('locked', { 'card.img': 'x' }, '-P', 'secret')
  expect((await build('--from-image', archive)).error).toMatch(/password/)
})

test('a disk that gets full while the steps write is told as such', async () => {
  const tar = tarOf('brim.tar')
  const entries = execFileSync('find', [root, '-printf', '.']).length
  for (const more of [6, 10, 14]) {
    const size = `size=60m,nr_inodes=${entries + more}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'small', nas.roots])
    try {
      const { error, hint, code } = await build('--from-tar', tar)
      expect(error).toMatch(/^ENOSPC: no space left on device, /)
      expect(hint).toBe('the disk is full: make room there')
      expect(code).toBe(3)
    } finally {
      execFileSync('umount', [nas.roots])
    }
  }
})

test('a tar of much more than its size is refused, and the disk is as it was', async () => {
  const zeros = join(nas.dir, 'zeros')
  fs.writeFileSync(zeros, Buffer.alloc(100 * 1024 * 1024))
  const tar = tarOf('bomb.tar')
  execFileSync('tar', ['-rf', tar, '-C', nas.dir, 'zeros'])
  const archive = packed(tar, 'gz')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'small', nas.roots])
  try {
    const { error, hint } = await build('--from-tar', archive)
    expect(error).toMatch(/^unpacking .*bomb\.tar\.gz failed: .*(?:No space left|Wrote only)/)
    expect(hint).toContain('the disk of the roots is full')
  } finally {
    execFileSync('umount', [nas.roots])
  }
})

test('a file of a terabyte of nothing takes no room', async () => {
  const hole = join(root, 'var/hole')
  fs.writeFileSync(hole, '')
  fs.truncateSync(hole, 1024 ** 4)
  try {
    const file = join(nas.dir, 'hole.tar')
    execFileSync('tar', ['-cSf', file, '-C', root, '.'])
    const { code, error } = await build('--from-tar', file)
    expect([error, code]).toEqual(['', 0])
    const { size, blocks } = fs.statSync(join(nas.roots, 'x/var/hole'))
    expect([size, blocks < 100]).toEqual([1024 ** 4, true])
  } finally {
    fs.rmSync(hole)
  }
})

test.each([
  ['a name of over 100 characters', 'usr/'.concat('n'.repeat(200))],
  ['a path of over 256 characters', `usr/${'d'.repeat(120)}/${'e'.repeat(120)}/${'f'.repeat(120)}`],
])('%s is kept', async (_, path) => {
  fs.mkdirSync(join(root, path, '..'), { recursive: true })
  fs.writeFileSync(join(root, path), 'kept')
  try {
    for (const format of ['gnu', 'pax']) {
      const file = join(nas.dir, 'long.tar')
      execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', root, '.'])
      expect((await build('--from-tar', file)).error).toBe('')
      expect(fs.readFileSync(join(nas.roots, 'x', path), 'utf8')).toBe('kept')
      fs.rmSync(join(nas.roots, 'x'), { recursive: true })
    }
  } finally {
    fs.rmSync(join(root, path.split('/').slice(0, 2).join('/')), { recursive: true })
  }
})

const dirs: readonly Member[] = [
  { name: 'etc/', kind: 'dir' },
  { name: 'usr/', kind: 'dir' },
]

test('a name that is longer than a filesystem takes is refused', async () => {
  const name = `usr/${'n'.repeat(300)}`
  const members: readonly Member[] = [
    ...dirs,
    { name: '././@LongLink', kind: 'long name', text: `${name}\0` },
    { name: name.slice(0, 99), kind: 'file', text: 'x' },
  ]
  const { error } = await build('--from-tar', writeTar(join(nas.dir, 'longer.tar'), members))
  expect(error).toMatch(/^unpacking .*longer\.tar failed: .*File name too long/)
})

test('device nodes are kept as they are, and nothing is read from them', async () => {
  const dev = join(root, 'srv/dev')
  fs.mkdirSync(dev, { recursive: true })
  // /dev/zero has no end, and a FIFO no beginning: whoever copied what is in them would not end.
  execFileSync('mknod', [join(dev, 'zero'), 'c', '1', '5'])
  execFileSync('mknod', [join(dev, 'disk'), 'b', '8', '0'])
  execFileSync('mkfifo', [join(dev, 'pipe')])
  try {
    expect((await build('--from-tar', tarOf('devices.tar'))).error).toBe('')
    const kinds = ['zero', 'disk', 'pipe'].map((name) => {
      const stat = fs.lstatSync(join(nas.roots, 'x/srv/dev', name))
      return [stat.isCharacterDevice(), stat.isBlockDevice(), stat.isFIFO(), stat.rdev]
    })
    expect(kinds).toEqual([
      [true, false, false, 0x105],
      [false, true, false, 0x800],
      [false, false, true, 0],
    ])
  } finally {
    fs.rmSync(dev, { recursive: true })
  }
})

test.each(['etc/fstab', 'etc/hostname', 'etc/passwd'])(
  'a root whose %s is a FIFO does not hold the build up',
  async (path) => {
    const aside = join(nas.dir, 'aside')
    if (fs.existsSync(join(root, path))) fs.renameSync(join(root, path), aside)
    execFileSync('mkfifo', [join(root, path)])
    try {
      await build('--from-tar', tarOf('fifo.tar'))
    } finally {
      fs.rmSync(join(root, path))
      if (fs.existsSync(aside)) fs.renameSync(aside, join(root, path))
    }
  },
)
