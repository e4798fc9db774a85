import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { localHost } from '../../src/host/local.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import type { Source } from '../../src/root-template/source.ts'
import { fromImage } from '../../src/root-template/sources/from-image.ts'
import { fromTar } from '../../src/root-template/sources/from-tar.ts'
import { makeBigTree } from './big-tree.ts'
import { alternating, type Row, time } from './measure.ts'

const faithful = ['--xattrs', '--xattrs-include=*', '--acls', '-S', '-p', '--numeric-owner']
const bar = 1.3
const mebibyte = 1024 * 1024

/**
 * The sources of a template against the bare tools on the same bytes, the sha256 that pifarm takes
 * meanwhile included; and a copy of a root where the filesystem shares blocks. BENCH_DIR as for clone.
 */
export async function extraction(): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  try {
    const tree = join(dir, 'tree')
    await makeBigTree(tree)
    await mkdir(join(tree, 'etc'))
    return [
      await unpacking(dir, tree),
      await imaging(dir, tree),
      await sharing(dir, tree, 'btrfs', 'by pifarm'),
      await sharing(dir, tree, 'btrfs', 'by hand'),
      await sharing(dir, tree, 'xfs', 'by pifarm'),
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function unpacking(dir: string, tree: string): Promise<Row> {
  const file = join(dir, 'root.tar')
  await execa('tar', ['-cf', file, ...faithful, '-C', tree, '.'])
  const source = fromTar(localHost(), localWorkshop(), file)
  const peer = (into: string) => execa('tar', ['-xf', file, ...faithful, '-C', into])
  const { ours, theirs } = await compare(dir, source, peer)
  const what = 'template from a tar of 750 MB'
  return { what, pifarm: time(ours), peer: `tar -x: ${time(theirs)}`, ratio: ours / theirs, bar }
}

async function imaging(dir: string, tree: string): Promise<Row> {
  const image = join(dir, 'card.img')
  const offset = 16 * mebibyte
  const size = 2500 * mebibyte
  await execa('truncate', ['-s', String(offset + size + mebibyte), image])
  const table = `label: dos\nstart=8192, size=16384, type=c\nstart=32768, size=${size / 512}, type=83\n`
  await execa('sfdisk', ['-q', image], { input: table })
  await execa('truncate', ['-s', String(8 * mebibyte), `${dir}/fat`])
  await execa('mkfs.vfat', [`${dir}/fat`])
  await execa('mcopy', ['-i', `${dir}/fat`, '/etc/os-release', '::'])
  await execa('dd', [`if=${dir}/fat`, `of=${image}`, 'bs=1M', 'seek=4', 'conv=notrunc'])
  const ext4 = ['-q', '-F', '-t', 'ext4', '-d', tree, '-E', `offset=${offset}`]
  await execa('mke2fs', [...ext4, image, `${size / 1024}k`])
  const source = fromImage(localHost(), localWorkshop(), image)
  const peer = (into: string) => {
    const script = 'mount -o ro,loop,offset="$1" "$2" "$3" && cp -a -T "$3" "$4"'
    const argv = ['sh', '-c', script, 'sh', String(offset), image, join(dir, 'mnt'), into]
    return execa('unshare', ['--mount', ...argv])
  }
  await mkdir(join(dir, 'mnt'))
  const { ours, theirs } = await compare(dir, source, peer)
  const what = 'template from an image of 750 MB'
  return { what, pifarm: time(ours), peer: `cp -a: ${time(theirs)}`, ratio: ours / theirs, bar }
}

let places = 0

/** Both until the bytes are on the disk, each into places of their own. */
async function compare(dir: string, source: Source, peer: (into: string) => Promise<unknown>) {
  const { signal } = new AbortController()
  const next = async () => {
    const into = join(dir, `into${places++}`)
    await mkdir(into)
    return into
  }
  await source.survey(signal)
  return await alternating(3, {
    ours: async () => {
      const into = await next()
      const scratch = await next()
      await source.fetch({ into, scratch, log: '/dev/null' }, () => {}, signal)
      await execa('sync', ['-f', into])
    },
    theirs: async () => {
      const into = await next()
      await peer(into)
      await execa('sync', ['-f', into])
    },
  })
}

/**
 * A root of the same tree on a filesystem that shares blocks: the bar is 5 s for 1.6 GB, taken for
 * its part. On btrfs one that pifarm made is a subvolume, and a snapshot of it the copy; `by hand`
 * is one in a plain directory.
 */
async function sharing(
  dir: string,
  tree: string,
  filesystem: 'btrfs' | 'xfs',
  made: 'by pifarm' | 'by hand',
): Promise<Row> {
  const disk = join(dir, `${filesystem}.img`)
  const mount = join(dir, filesystem)
  await execa('truncate', ['-s', '4G', disk])
  await execa(`mkfs.${filesystem}`, ['-q', '-f', disk])
  await mkdir(mount, { recursive: true })
  await execa('mount', ['-o', 'loop', disk, mount])
  try {
    const workshop = localWorkshop()
    const [root, into] = [join(mount, 'root'), join(mount, 'copy')]
    if (made === 'by pifarm') await workshop.makeTop(root)
    await execa('cp', ['-a', '-T', tree, root])
    await execa('sync', ['-f', mount])
    const started = performance.now()
    await workshop.makeTop(into)
    await workshop.copyTree(root, into, () => {}, new AbortController().signal)
    const ms = performance.now() - started
    const ratio = ms / ((5000 * 750) / 1600)
    const what = `template from a root of 750 MB made ${made}, ${filesystem}`
    return { what, pifarm: time(ms), peer: '5 s for 1.6 GB', ratio, bar: 1 }
  } finally {
    await execa('umount', [mount])
  }
}
