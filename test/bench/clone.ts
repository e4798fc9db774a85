import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { localHost } from '../../src/host/local.ts'
import { makeBigTree } from './big-tree.ts'
import { difference } from './difference.ts'
import { alternating, type Row, time } from './measure.ts'

/**
 * Cloning a root against `cp -a`, each until the bytes are on the disk, and whether it is faithful.
 * Every copy has a place of its own until the very end: on ext4 without a journal a copy that
 * follows an `rm -rf` is many times slower. BENCH_DIR: where, on the filesystem to be measured.
 */
export async function clone(): Promise<{ readonly rows: readonly Row[]; readonly ms: number }> {
  const dir = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  try {
    const from = join(dir, 'template')
    await makeBigTree(from)
    await execa('sync')
    const copies: string[] = []
    const next = () => {
      copies.push(join(dir, `copy${copies.length}`))
      return copies.at(-1) ?? ''
    }
    const { ours, cp } = await alternating(5, {
      ours: async () => {
        const to = next()
        await localHost().cloneTree({ from, to, seeds: [] }, ignore, new AbortController().signal)
        await execa('sync', ['-f', to])
      },
      cp: async () => {
        const to = next()
        await execa('cp', ['-a', from, to])
        await execa('sync', ['-f', to])
      },
    })
    const lost = await difference(from, join(dir, 'copy0'))
    const row = { pifarm: time(ours), peer: `cp -a: ${time(cp)}`, ratio: ours / cp, bar: 1.05 }
    return {
      ms: ours,
      rows: [
        { what: 'clone of 30,000 entries, 750 MB', ...row },
        {
          what: 'what that clone lost',
          pifarm: lost ?? 'nothing',
          peer: '',
          ratio: Number(lost !== undefined),
          bar: 0,
        },
      ],
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function ignore(): void {}
