import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { Commands, type Output, type Running } from './commands.ts'
import { type Enter, Machine, startMachine } from './machine.ts'
import type { Timeline } from './timeline.ts'
import { within } from './within.ts'

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

/** To its multi-user target, in ms: on a busy machine a guest takes minutes for what takes seconds. */
const longestBoot = 600_000

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
    const nas = new Nas(
      new Commands(commandDir, to, from),
      timeline,
      'NAS',
      process,
      pidFile,
      enter,
    )
    await nas.console.said(/Reached target.*multi-user\.target/i, longestBoot)
    await within(longestBoot, 'the NAS to take commands', nas.#commands.ready)
    timeline.note('NAS', 'multi-user')
    return nas
  }

  /** Throws where it takes more than so many ms. */
  async run(argv: readonly string[], longest?: number): Promise<Output> {
    return await (await this.#commands.start(argv, longest)).ended
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
  async start(argv: readonly string[], longest?: number): Promise<Running> {
    return await this.#commands.start(argv, longest)
  }

  async journal(...args: readonly string[]): Promise<string> {
    return await this.must('journalctl', '--no-pager', '--output=short-monotonic', ...args)
  }

  /** Where the journal ends now, for `--after-cursor`. */
  async journalCursor(): Promise<string> {
    const said = await this.must('journalctl', '--lines=0', '--show-cursor')
    const [, cursor] = /^-- cursor: (\S+)$/m.exec(said) ?? []
    if (cursor === undefined) throw new Error(`the journal told of no cursor:\n${said}`)
    return cursor
  }

  override async cutPower(): Promise<void> {
    this.#timeline.note('NAS', 'power cut')
    await super.cutPower()
  }
}
