import { type Board, Box, type Firmware } from './box/box.ts'
import type { Output } from './box/commands.ts'
import type { Nas } from './box/nas.ts'
import type { Emulation } from './images/nas-disk.ts'

export const emulation: Emulation = process.env.PIFARM_E2E_PI === 'raspi3b' ? 'raspi3b' : 'uml'
/** For a stage of a boot to come, in ms; only what never comes is meant. */
export const patience = emulation === 'uml' ? 600_000 : 1_200_000

/**
 * The board's firmware would put the name of the UART for `serial0`, as QEMU does not; and QEMU takes the
 * arming of the watchdog for its bite, and ends.
 */
const onlyEmulated = 'console=ttyAMA0,115200 module_blacklist=bcm2835_wdt'

const initArgs = [
  ...['init', '--yes', '--no-install', '--interface', 'vec0', '--gateway', '10.77.0.254'],
  ...['--addresses', '10.77.0.50-10.77.0.99', '--declare-subnet'],
  ...['--set', 'controller.enable=true'],
  ...(emulation === 'raspi3b' ? ['--set', `defaults.cmdline_extra=${onlyEmulated}`] : []),
]

export function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A box whose NAS pifarm has made a farm. */
export class FarmBox {
  readonly #boards: readonly Board[]
  #box: Box | undefined

  constructor(boards: readonly Board[]) {
    this.#boards = boards
  }

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

  get nas(): Nas {
    if (this.box.nas === undefined) throw new Error('the NAS is off')
    return this.box.nas
  }

  async open(): Promise<void> {
    this.#box = await Box.open(this.#boards, emulation, tell)
    try {
      await this.#box.startNas()
      right(await this.nas.pifarm(...initArgs))
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
    const run = await nas.start(['pifarm', ...args, '--timeout', '600'])
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
    for (const end = Date.now() + patience; ; ) {
      const { code, stdout, stderr } = await this.nas.run(argv)
      if (code === 0) return stdout
      // sshd gives a login two minutes. The first takes an emulated board longer, into which its programs drip.
      const isCutOff = code === 255 && /Connection (reset|closed|timed out)/.test(stderr)
      if (!isCutOff || Date.now() > end)
        throw new Error(`${name}: ${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
    }
  }
}

type Listed = readonly { readonly name: string; readonly address: string }[]

/** What pifarm answered, where it ended well. */
export function right({ code, stdout, stderr }: Output): string {
  if (code !== 0) throw new Error(`pifarm ended with ${code}:\n${stderr}${stdout}`)
  return stdout
}
