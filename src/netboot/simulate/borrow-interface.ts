import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Host, Lock } from '../../host/host.ts'

/** An interface that plays a Pi's for a while. */
export interface BorrowedInterface {
  /** Gives it this address; the one before is taken back. */
  useAddress(address: string, netmask: string): Promise<void>
  /** Makes it what it was. */
  giveBack(): Promise<void>
}

const everybody = '255.255.255.255/32'
/** Marks the route as this command's: nobody else's is ever taken away, and a killed run's is found. */
const routeMark = ['proto', '177'] as const
/** So many seconds the kernel keeps a borrowed address once nobody renews it: this process may be killed. */
const lifetime = 30
const renewEvery = 10_000
/** Of the whole machine, which has only one port to speak DHCP from. */
const lockFile = '/run/pifarm/simulate-boot.lock'

/**
 * Lets the machine speak for a Pi on one interface: broadcasts go out there, and the Pi's address
 * is added to those it has. UserError where that address is somebody's already, or another run plays.
 */
export async function borrowInterface(nas: Host, device: string): Promise<BorrowedInterface> {
  const route = [everybody, 'dev', device, 'scope', 'link', ...routeMark]
  const openRoute = async () => {
    const added = await nas.run(['ip', 'route', 'add', ...route])
    // A killed run's, or the machine's own: either will do.
    if (!added.stderr.includes('File exists')) orRefuse(added, device)
  }
  // First what only root may do: it is refused with the better words.
  await openRoute()
  const lock = await playAlone(nas, device)
  // The run before may have taken it away in between.
  await openRoute()
  let mine: Loan | undefined
  const takeBack = async () => {
    await mine?.end()
    mine = undefined
  }
  return {
    useAddress: async (address, netmask) => {
      const wanted = `${address}/${prefixLength(netmask)}`
      if (wanted === mine?.address) return
      await takeBack()
      await mustBeFree(nas, address, device)
      mine = await lend(nas, wanted, device)
      // The kernel drops all routes of an interface with its last address.
      await openRoute()
    },
    giveBack: async () => {
      await takeBack()
      await nas.run(['ip', 'route', 'del', ...route])
      await lock.release()
    },
  }
}

/** Two runs would take each other's address and route away, and each be told that the network is at fault. */
async function playAlone(nas: Host, device: string): Promise<Lock> {
  const lock = await nas.lock(lockFile, `simulate-boot on ${device}`)
  if (!('heldBy' in lock)) return lock
  throw new UserError(`another run plays a Pi on this machine: ${lock.heldBy}`, {
    hint: 'wait for it to end, then run the command again; nothing was changed',
    exitCode: exitCodes.locked,
  })
}

interface Loan {
  readonly address: string
  end(): Promise<void>
}

/** Adds an address that goes by itself unless it is renewed. */
async function lend(nas: Host, address: string, device: string): Promise<Loan> {
  const terms = ['valid_lft', `${lifetime}`, 'preferred_lft', `${lifetime}`]
  const lending = [address, 'dev', device, ...terms]
  orRefuse(await nas.run(['ip', 'addr', 'replace', ...lending]), device)
  let renewing: Promise<unknown> | undefined
  const timer = setInterval(() => {
    renewing = nas.run(['ip', 'addr', 'replace', ...lending])
  }, renewEvery)
  return {
    address,
    end: async () => {
      clearInterval(timer)
      // Behind the end it would add the address anew.
      await renewing
      await nas.run(['ip', 'addr', 'del', address, 'dev', device])
    },
  }
}

/** UserError where the address is in use; what a killed run left is not. */
async function mustBeFree(nas: Host, address: string, device: string): Promise<void> {
  const { stdout } = await nas.ask(['ip', '-o', '-4', 'addr', 'show', 'to', address])
  const [, at, left] = /^\d+: (\S+) +inet .*?valid_lft (\S+)/.exec(stdout) ?? []
  if (at === device && Number.parseInt(left ?? '', 10) <= lifetime) return
  if (at !== undefined)
    throw new UserError(`${address} is this machine's own address, on ${at}`, {
      hint: 'run simulate-boot on the NAS, or on a machine that is no Pi of the farm',
    })
  if ((await nas.ask(['ping', '-c', '1', '-W', '1', address])).code === 0)
    throw new UserError(`${address} answers already: that Pi seems to run`, {
      hint: 'switch it off first, or run simulate-boot on the NAS',
    })
}

function orRefuse({ code, stderr }: { code: number; stderr: string }, device: string): void {
  if (code === 0) return
  throw new UserError(`cannot play a Pi on ${quoted(device)}: ${stderr.trim().split('\n')[0]}`, {
    hint: /not up|is down/.test(stderr)
      ? `the interface is off: ip link set ${device} up`
      : 'name an interface of this machine with --interface, and run it as root',
  })
}

function prefixLength(netmask: string): number {
  return netmask
    .split('.')
    .reduce((bits, part) => bits + Number(part).toString(2).replaceAll('0', '').length, 0)
}
