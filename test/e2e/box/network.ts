import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { execa } from 'execa'
import { atEnd } from '../at-end.ts'
import { ended } from './ended.ts'
import { within } from './within.ts'

/** An `ip` or a `kill`, on a busy machine. In ms. */
const longestCommand = 60_000

/** The wires of a box, in namespaces of their own: all that runs there ends with them. See network.sh. */
export class Network {
  readonly #process: ChildProcess
  /** What `nsenter` is told. */
  readonly entering: readonly string[]

  private constructor(process: ChildProcess) {
    this.#process = process
    const target = String(process.pid)
    this.entering = [
      `--target=${target}`,
      '--mount',
      '--net',
      `--pid=${pidNamespace(target)}`,
      '--',
    ]
  }

  /** Lays them, for boards of these names. */
  static async lay(names: readonly string[]): Promise<Network> {
    const process = spawn(
      'unshare',
      [
        ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['bash', join(import.meta.dirname, 'network.sh'), ...names],
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    atEnd(() => process.kill('SIGKILL'))
    if (await within(longestCommand, 'the network of the box', isReady(process)))
      return new Network(process)
    throw new Error('the network of the box did not start')
  }

  /** Runs a command where the machines are; answers what it printed. */
  async enter(argv: readonly string[]): Promise<string> {
    const run = execa('nsenter', [...this.entering, ...argv])
    return (await within(longestCommand, `${argv.join(' ')} to end`, run)).stdout
  }

  async close(): Promise<void> {
    this.#process.stdin?.end()
    await ended(this.#process, 'the machines of the box')
  }
}

/** Its shell says so when all wires are laid. */
async function isReady(network: ChildProcess & { readonly stdout: Readable }): Promise<boolean> {
  for await (const line of createInterface(network.stdout)) if (line === 'ready') return true
  return false
}

/** The network's first process is one of the namespace that `unshare` itself is not in. */
function pidNamespace(pid: string): string {
  return `/proc/${pid}/ns/pid_for_children`
}
