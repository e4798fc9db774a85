import type { BootReport } from '../../src/netboot/boot-client/boot-report.ts'
import { initArgs } from './init-farm.ts'
import { type Lab, startLab } from './lab.ts'
import { layTemplate } from './lab-template.ts'
import { addPiArgs, first, second } from './machines.ts'

/** `npm run demo`: a farm from nothing to two booted Pis. Ends 0 only when both got all they need. */
process.exitCode = await demo()

async function demo(): Promise<number> {
  heading('A NAS and two Raspberry Pis, in namespaces of their own')
  const lab = await startLab([first, second])
  try {
    tell('The NAS is 10.77.0.1 and runs the real daemons:')
    for (const line of await daemons(lab)) tell(`  ${line}`)
    await layTemplate(lab)
    tell('A template, with firmware of Debian’s raspi-firmware and a stand-in for the kernel:')
    const size = await lab.must(['du', '-sh', '/mnt/PiRoots/template'])
    tell(`  ${size.trim().replace('\t', '  ')}`)

    heading('The NAS becomes a farm')
    await pifarm(lab, initArgs(lab))

    heading(`${first.name}: its serial is known`)
    await pifarm(lab, addPiArgs(first))

    heading(`${second.name}: its serial is not known, so it is found`)
    await addUnknown(lab)

    const boots = []
    for (const pi of [first, second]) boots.push(await boot(lab, pi))

    heading('The farm')
    await pifarm(lab, ['list'])
    tell('')
    return boots
      .map((report, index) => isRight(report, [first, second][index]?.name ?? ''))
      .every(Boolean)
      ? 0
      : 1
  } finally {
    await lab.stop()
  }
}

async function addUnknown(lab: Lab): Promise<void> {
  const args = ['add-pi', '--mac', second.mac, '--name', second.name, '--timeout', '30']
  prompt(args)
  const run = lab.start(args, outlined)
  await run.said(`power ${second.name} on`)
  tell(`\n  … ${second.name} is switched on, and asks for files that are not there yet:`)
  await lab.boot(second, (line) => tell(`  ${line}`))
  const { code } = await run.ended
  if (code !== 0) throw new Error(`pifarm add-pi ended with ${code}`)
}

async function boot(lab: Lab, pi: typeof first | typeof second): Promise<BootReport> {
  heading(`${pi.name} boots: seconds, who asks, for what, and the answer`)
  return await lab.boot(pi, tell)
}

/** What a Pi must have got for its kernel to start with a root of its own. */
function isRight(report: BootReport, name: string): boolean {
  const bytes = Object.values(report.files).reduce((sum, file) => sum + file.bytes, 0)
  const ownRoot = report.cmdline?.text.includes(`nfsroot=10.77.0.1:/mnt/PiRoots/${name},`) === true
  const right = report.stopped === undefined && report.serialDir === report.serial && ownRoot
  tell(
    right
      ? `${name} got ${report.address} and ${Object.keys(report.files).length} files, ${bytes} bytes: ${report.kernel} starts with a root of its own`
      : `${name} does not boot: ${report.stopped?.what ?? 'it was given what is another’s'}`,
  )
  return right
}

async function pifarm(lab: Lab, args: readonly string[]): Promise<void> {
  prompt(args)
  const { code } = await lab.pifarm(args, { tell: outlined })
  if (code !== 0) throw new Error(`pifarm ${args[0]} ended with ${code}`)
}

function prompt(args: readonly string[]): void {
  const shown = args.map((arg) => (/^[\w.:/=-]+$/.test(arg) ? arg : `'${arg}'`))
  tell(`$ pifarm ${shown.join(' ')}`)
}

/** pifarm's own lines without the diff of each file, which fills pages here. */
function outlined(line: string): void {
  if (!/^ {6}/.test(line)) tell(`  ${line}`)
}

async function daemons(lab: Lab): Promise<string[]> {
  const running = await lab.must(['ps', '-eo', 'args'])
  return running
    .split('\n')
    .filter((line) => /^(?:dhcpd|(?:\S*\/)?in\.tftpd|rpcbind|rpc\.|rsyslogd)/.test(line))
}

function heading(text: string): void {
  tell(`\n── ${text} ${'─'.repeat(Math.max(0, 90 - text.length))}`)
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
