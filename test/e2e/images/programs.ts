import { join } from 'node:path'
import { execa } from 'execa'
import { atEnd } from '../at-end.ts'

const project = join(import.meta.dirname, '../../..')

/** Runs a program that makes a part of an image, as long as this process runs and no longer. */
export async function bound(say: (line: string) => void, argv: readonly string[]): Promise<void> {
  const options = { cwd: project, stdin: 'ignore', all: true, reject: false } as const
  const child = execa('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], options)
  // Before what it writes into is removed.
  atEnd(() => child.kill('SIGKILL'))
  for await (const line of child.iterable({ from: 'all' })) say(`  ${line}`)
  const { exitCode, signal } = await child
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode ?? signal}`)
}

/** Runs a script where its mounts and its processes end with it. */
export async function apart(say: (line: string) => void, argv: readonly string[]): Promise<void> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  await bound(say, ['unshare', ...namespaces, 'bash', ...argv])
}
