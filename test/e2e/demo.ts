import { first, second } from './boards.ts'
import type { Output } from './box/commands.ts'
import { EmulatedFarm, mustBeDone, tell } from './emulated-farm.ts'

/** A farm in a box as a story. Ends 0 when two Pis run from the NAS. */
process.exitCode = await demo()

async function demo(): Promise<number> {
  const farm = new EmulatedFarm([first, second], 'uml')
  try {
    heading('A NAS with Debian, pifarm and a template, switched on and made a farm')
    await farm.open()
    for (const board of [first, second]) {
      heading(`${board.name}: nobody knows its serial, so it is found when it is switched on`)
      const { output } = await farm.addPi(board)
      show(output)
      mustBeDone(output)
      heading(`${board.name} boots: its kernel, its command line and its root are the NAS's`)
      const pi = await farm.box.powerOn(board)
      await pi.reaches('multi-user')
    }
    heading('The farm')
    show(await farm.nas.pifarm('list'))
    for (const board of [first, second])
      for (const command of ['hostname', 'cat /proc/cmdline', 'findmnt -no SOURCE /'])
        tell(`${board.name}$ ${command}\n  ${(await farm.onPi(board, command)).trim()}`)
    heading('When what happened')
    for (const line of farm.timeline) tell(line)
    return 0
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error))
    tell(await farm.lastWords())
    return 1
  } finally {
    await farm.close()
  }
}

/** Without the diff of each file, which fills pages here. */
function show({ stdout, stderr }: Output): void {
  for (const line of `${stderr}${stdout}`.split('\n')) if (!/^ {6}|^$/.test(line)) tell(`  ${line}`)
}

function heading(text: string): void {
  tell(`\n── ${text} ${'─'.repeat(Math.max(0, 90 - text.length))}`)
}
