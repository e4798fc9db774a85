import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Console } from './console.ts'
import { ended } from './ended.ts'

/** An emulated machine that runs. */
export class Machine {
  readonly console: Console
  readonly process: ChildProcess
  readonly #name: string
  readonly #pidFile: string
  readonly #enter: Enter

  constructor(
    name: string,
    process: ChildProcess,
    pidFile: string,
    enter: Enter,
    hear?: (line: string) => void,
  ) {
    this.#name = name
    this.process = process
    this.#pidFile = pidFile
    this.#enter = enter
    const streams = [process.stdout, process.stderr].filter((one): one is Readable => one !== null)
    this.console = new Console(streams, hear)
  }

  /** What pulling its plug does: nothing that it has not yet written to its disk is there. */
  async cutPower(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const pid = (await readFile(this.#pidFile, 'utf8')).trim()
    await this.#enter(['kill', '-KILL', pid])
    await ended(this.process, this.#name)
  }
}

/** Runs a command where the machines are, to its end. */
export type Enter = (argv: readonly string[]) => Promise<string>

/**
 * Starts an emulator in a process namespace of its own: of the many processes of a User-Mode-Linux
 * guest none is left when the first is killed.
 */
export function startMachine(
  entering: readonly string[],
  argv: readonly string[],
  pidFile: string,
  stdio: StdioOptions,
): ChildProcess {
  const start = 'echo $$ >"$0"; exec unshare --pid --fork --kill-child "$@"'
  return spawn('nsenter', [...entering, 'sh', '-c', start, pidFile, ...argv], {
    cwd: '/',
    // Where a guest's memory lies.
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      TMPDIR: '/dev/shm',
    },
    stdio,
  })
}
