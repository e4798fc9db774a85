import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { Commands, type Output, type Running } from './commands.ts'
import { type Enter, Machine, startMachine } from './machine.ts'
import type { Timeline } from './timeline.ts'

export interface NasParts {
  readonly dir: string
  /** The image of its disk; what it writes goes beside it. */
  readonly disk: string
  /** The library that the guest starts with. */
  readonly registers: string
  readonly entering: readonly string[]
  readonly enter: Enter
  readonly timeline: Timeline
}

/** On a busy machine a guest takes minutes for what takes seconds; only what never ends is stopped. */
const patience = 600_000

/** The NAS: a User-Mode-Linux guest with Debian, its kernel's NFS server and pifarm. */
export class Nas extends Machine {
  readonly #commands: Commands
  readonly #timeline: Timeline

  private constructor(
    commands: Commands,
    timeline: Timeline,
    ...machine: ConstructorParameters<typeof Machine>
  ) {
    super(...machine)
    this.#commands = commands
    this.#timeline = timeline
  }

  static async start({ dir, disk, registers, entering, enter, timeline }: NasParts): Promise<Nas> {
    timeline.note('NAS', 'power on')
    const commandDir = join(dir, 'commands')
    const argv = [
      ...[
        'env',
        `LD_PRELOAD=${registers}`,
        'linux.uml',
        'mem=768M',
        'umid=nas',
        `uml_dir=${dir}/uml`,
      ],
      ...[`ubd0=${dir}/nas.cow,${disk}`, 'root=/dev/ubda', 'rw', `commands=${commandDir}`],
      ...['con=null', 'con0=null,fd:1', 'ssl=null', 'ssl1=fd:3,fd:4'],
      'vec0:transport=tap,ifname=nas,depth=64,gro=1,mac=02:00:00:77:00:01',
    ]
    const pidFile = join(dir, 'nas.pid')
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] as const
    const process = startMachine(entering, argv, pidFile, [...stdio])
    const [to, from] = [process.stdio[3], process.stdio[4]] as [Duplex, Duplex]
    const nas = new Nas(new Commands(commandDir, to, from), timeline, process, pidFile, enter)
    await nas.console.said([/Reached target.*multi-user\.target/i], patience)
    await nas.#commands.ready
    timeline.note('NAS', 'multi-user')
    return nas
  }

  async run(argv: readonly string[]): Promise<Output> {
    return await (await this.#commands.start(argv)).ended
  }

  /** What it printed; throws where it fails. */
  async must(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(argv)
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
    return stdout
  }

  async pifarm(...args: readonly string[]): Promise<Output> {
    const output = await this.run(['pifarm', ...args])
    this.#timeline.note('NAS', `pifarm ${args.slice(0, 2).join(' ')}: ends with ${output.code}`)
    return output
  }

  /** Starts it and leaves it running. */
  async start(argv: readonly string[]): Promise<Running> {
    return await this.#commands.start(argv)
  }

  async journal(...args: readonly string[]): Promise<string> {
    return await this.must('journalctl', '--no-pager', '--output=short-monotonic', ...args)
  }

  override async cutPower(): Promise<void> {
    this.#timeline.note('NAS', 'power cut')
    await super.cutPower()
  }
}
