import { type Board, Box } from './box/box.ts'
import type { Output } from './box/commands.ts'
import type { Firmware } from './box/firmware.ts'
import type { Nas } from './box/nas.ts'
import { longestStage, longestWork } from './emulation.ts'
import type { Emulation } from './images/nas-disk.ts'

/**
 * The board's firmware would put the name of the UART for `serial0`, as QEMU does not; and QEMU takes the
 * arming of the watchdog for its bite, and ends.
 */
const onlyEmulated = ['console=ttyAMA0,115200', 'module_blacklist=bcm2835_wdt']

const initArgs = [
  ...['init', '--yes', '--no-install', '--interface', 'vec0', '--gateway', '10.77.0.254'],
  ...['--addresses', '10.77.0.50-10.77.0.99', '--declare-subnet'],
  ...['--set', 'controller.enable=true'],
]

/** To copy a root and to wait for a board, in ms. */
const longestAddition = 1_800_000

export function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** What pifarm makes of the machines of a box: a NAS that serves, and Pis that boot from it. */
export class EmulatedFarm {
  readonly #boards: readonly Board[]
  readonly #emulation: Emulation
  readonly #words: readonly string[]
  #box: Box | undefined

  /** The words are for the kernel command line of its Pis. */
  constructor(boards: readonly Board[], emulation: Emulation, words: readonly string[] = []) {
    this.#boards = boards
    this.#emulation = emulation
    this.#words = [...(emulation === 'raspi3b' ? onlyEmulated : []), ...words]
  }

  /** Its machines, of which a test may break one. */
  get box(): Box {
    if (this.#box === undefined) throw new Error('the box did not open')
    return this.#box
  }

  /** What happened so far; nothing where the box did not open. */
  get timeline(): readonly string[] {
    return this.#box?.timeline.lines ?? []
  }

  /** Of the machines, where there are any. */
  async lastWords(): Promise<string> {
    return (await this.#box?.lastWords()) ?? ''
  }

  async close(): Promise<void> {
    await this.#box?.close()
  }

  /** The longest that a Pi may take for anything, in ms. */
  get longestStage(): number {
    return longestStage(this.#emulation)
  }

  /** The longest that an agent may take for anything, in ms. */
  get longestWork(): number {
    return longestWork(this.#emulation)
  }

  get nas(): Nas {
    if (this.box.nas === undefined) throw new Error('the NAS is off')
    return this.box.nas
  }

  async open(): Promise<void> {
    this.#box = await Box.open(this.#boards, this.#emulation, tell)
    try {
      await this.#box.startNas()
      const extra = ['--set', `defaults.cmdline_extra=${this.#words.join(' ')}`]
      mustBeDone(await this.nas.pifarm(...initArgs, ...(this.#words.length > 0 ? extra : [])))
    } catch (error) {
      tell(await this.#box.lastWords())
      throw error
    }
  }

  /**
   * Adds a Pi whose serial nobody knows: it is switched on, and found by what it asks for. Answers
   * how far it came, and what pifarm said.
   */
  async addPi(board: Board): Promise<{ readonly asked: Firmware; readonly output: Output }> {
    const { box, nas } = this
    const args = ['add-pi', '--mac', board.mac, '--name', board.name, '--yes']
    const run = await nas.start(['pifarm', ...args, '--timeout', '600'], longestAddition)
    await run.said(`power ${board.name} on`)
    box.timeline.note('NAS', `pifarm add-pi ${board.name}: waits for the board`)
    const asked = await box.playFirmware(board)
    const output = await run.ended
    box.timeline.note('NAS', `pifarm add-pi ${board.name}: ends with ${output.code}`)
    return { asked, output }
  }

  /** Runs a command on a Pi as its admin would: by ssh from the NAS, where pifarm has left its key. */
  async onPi({ name }: Board, ...command: readonly string[]): Promise<string> {
    const listed = JSON.parse(await this.nas.must('pifarm', 'list', '--json'))
    const { address } = (listed as Listed).find((pi) => pi.name === name) ?? {}
    const options = ['StrictHostKeyChecking=yes', 'BatchMode=yes', `HostKeyAlias=${name}`]
    const known = 'UserKnownHostsFile=/var/lib/pifarm/known_hosts'
    const flags = [...options, known].flatMap((option) => ['-o', option])
    const argv = ['ssh', ...flags, `pi@${address}`, '--', ...command]
    for (const end = Date.now() + this.longestStage; ; ) {
      const { code, stdout, stderr } = await this.nas.run(argv, this.longestStage)
      if (code === 0) return stdout
      // sshd gives a login two minutes. The first takes an emulated board longer, into which its programs drip.
      const isCutOff = code === 255 && /Connection (reset|closed|timed out)/.test(stderr)
      if (!isCutOff || Date.now() > end)
        throw new Error(`${name}: ${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
    }
  }
}

type Listed = readonly { readonly name: string; readonly address: string }[]

/** What pifarm answered. Throws where it did not end with 0. */
export function mustBeDone({ code, stdout, stderr }: Output): string {
  if (code !== 0) throw new Error(`pifarm ended with ${code}:\n${stderr}${stdout}`)
  return stdout
}
