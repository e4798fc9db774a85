import { setTimeout as pause } from 'node:timers/promises'
import { exitCodes, UserError } from '../errors.ts'
import { type Mac, mac as macSchema, type Serial, serial as serialSchema } from '../farm/schema.ts'
import type { Output } from '../host/host.ts'
import type { Remote, SshConnect } from '../host/remote.ts'
import { agree } from '../netboot/serial-and-mac.ts'
import type { Ui } from '../ui/ui.ts'
import { boardOf } from './boards.ts'
import { otpRow } from './otp.ts'

/** What a running Pi says of itself. */
export interface Identity {
  /** As `--model` spells it; undefined for a board that is not known here. */
  readonly board: string | undefined
  /** As the kernel names it. */
  readonly model: string
  readonly serial: Serial | undefined
  /** Of its Ethernet. */
  readonly mac: Mac | undefined
}

/** Runs commands on a Pi as root. */
export type AsRoot = (argv: readonly string[], input?: string) => Promise<Output>

/** A running Pi that is being worked on. */
export interface Session {
  readonly where: string
  readonly ui: Ui
  readonly remote: Remote
  readonly run: AsRoot
  readonly connect: SshConnect
  readonly askPassword: ((question: string) => Promise<string>) | undefined
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal
  /** How long a restart may take. */
  readonly timeoutMs: number
}

/** The same connection with root's rights: by itself, or by sudo with or without a password. */
export async function asRoot(
  remote: Pick<Remote, 'run'>,
  askPassword: ((question: string) => Promise<string>) | undefined,
): Promise<AsRoot> {
  if ((await remote.run(['id', '-u'])).stdout.trim() === '0') return remote.run
  const silent = ['sudo', '-n', '--']
  if ((await remote.run([...silent, 'true'])).code === 0)
    return (argv, input) => remote.run([...silent, ...argv], input)
  const password = await askPassword?.('Password for sudo on the Pi:')
  // -k: sudo reads the password in any case, and what follows it is the command's.
  const asking = ['sudo', '-k', '-S', '-p', '', '--']
  const run: AsRoot = (argv, input = '') =>
    remote.run([...asking, ...argv], `${password ?? ''}\n${input}`)
  if (password === undefined || (await run(['true'])).code !== 0)
    throw new UserError('that user cannot become root on the Pi', {
      hint: 'log in as one who may use sudo, or as root',
      exitCode: 3,
    })
  return run
}

/** Reads model, serial and MAC. What the Pi answers is checked like everything off the network. */
export async function identify(run: AsRoot): Promise<Identity> {
  const cpuinfo = (await run(['cat', '/proc/cpuinfo'])).stdout
  // Debian's own kernels leave these lines out of cpuinfo; the fuses have them.
  const dump = (await run(['vcgencmd', 'otp_dump'])).stdout
  const field = (name: string) => new RegExp(`^${name}\\s*: *(.*)$`, 'm').exec(cpuinfo)?.[1]
  const revision = Number.parseInt(field('Revision') ?? '', 16) || otpRow(dump, 30)
  const serial = serialSchema.safeParse(field('Serial') ?? otpRow(dump, 28)?.toString(16)).data
  return {
    board: revision === undefined ? undefined : boardOf(revision),
    model: (field('Model') ?? 'Raspberry Pi').replace(/[^\x20-\x7e]/g, '?').slice(0, 80),
    serial,
    mac: await ethernetMac(run, serial),
  }
}

/**
 * Restarts the Pi and answers with a new connection to it. Throws what `lost` makes of the reason when
 * it is not back before the limit, and starts nothing after a Ctrl-C.
 */
export async function restart(session: Session, lost: (why: string) => Error): Promise<Remote> {
  // A signal that has fired by now fires no more.
  session.signal.throwIfAborted()
  session.ui.say(`${session.where} restarts`)
  // Not AbortSignal.any with AbortSignal.timeout: on Node 20 a garbage collection silences the two.
  const limit = new AbortController()
  const stop = () => limit.abort()
  const timer = setTimeout(stop, session.timeoutMs)
  session.signal.addEventListener('abort', stop, { once: true })
  try {
    return await goDownAndComeBack(session, limit.signal, lost)
  } finally {
    clearTimeout(timer)
    session.signal.removeEventListener('abort', stop)
  }
}

async function goDownAndComeBack(
  { remote, run, connect }: Session,
  limit: AbortSignal,
  lost: (why: string) => Error,
): Promise<Remote> {
  const before = await bootId(run)
  // Where it works, its answer may or may not get through before the connection ends.
  const refused = run(['reboot']).then(({ code, stderr }) => {
    if (code === 0 || code === 255) return remote.closed
    throw new UserError(`reboot failed on the Pi: ${stderr.trim()}`, {
      exitCode: exitCodes.putBack,
    })
  })
  await Promise.race([refused, remote.closed, once(limit)])
  remote.close()
  let why = 'it never went down'
  while (!limit.aborted) {
    const back = await connect('again').catch((error: unknown) => {
      why = error instanceof Error ? error.message : String(error)
    })
    // sshd still answers while the machine goes down.
    const now = back && (await bootId(back.run))
    if (back !== undefined && now !== undefined && now !== before) return back
    back?.close()
    await pause(1000, undefined, { signal: limit }).catch(() => {})
  }
  throw lost(why)
}

/** Which start of the machine this is: another text after each. Undefined: the connection broke meanwhile. */
async function bootId(run: AsRoot): Promise<string | undefined> {
  const { code, stdout } = await run(['cat', '/proc/sys/kernel/random/boot_id'])
  return code === 0 ? stdout.trim() || undefined : undefined
}

async function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

async function ethernetMac(run: AsRoot, serial: Serial | undefined): Promise<Mac | undefined> {
  const names = (await run(['ls', '/sys/class/net'])).stdout.split(/\s+/)
  const wired = names.filter((name) => /^(?:eth|en)[a-z0-9]+$/.test(name)).sort()
  const macs: Mac[] = []
  for (const name of wired) {
    const text = (await run(['cat', `/sys/class/net/${name}/address`])).stdout.trim()
    const parsed = macSchema.safeParse(text)
    if (parsed.success) macs.push(parsed.data)
  }
  // A second adapter on USB must not be taken for the board's own.
  return macs.find((mac) => serial !== undefined && agree(mac, serial)) ?? macs[0]
}
