import { join } from 'node:path'
import { execa } from 'execa'
import { cached, contentOf } from './cache.ts'

const source = join(import.meta.dirname, 'tile-registers.c')

/** The library without which a User-Mode-Linux guest does not start where the processor has AMX. */
export async function tileRegisters(): Promise<string> {
  const { dir } = await cached('registers', [await contentOf(source)], async (into) => {
    const output = ['-shared', '-fPIC', '-o', join(into, 'registers.so')]
    await execa('gcc', ['-O2', '-Wall', '-Werror', ...output, source])
  })
  return join(dir, 'registers.so')
}
