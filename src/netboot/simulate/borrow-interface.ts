import { quoted, UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'

/** An interface that plays a Pi's for a while. */
export interface BorrowedInterface {
  /** Gives it this address; the one before is taken back. */
  useAddress(address: string, netmask: string): Promise<void>
  /** Makes it what it was. */
  giveBack(): Promise<void>
}

const everybody = '255.255.255.255/32'

/**
 * Lets the machine speak for a Pi on one interface: broadcasts go out there, and the Pi's address
 * is added to those it has. UserError where that address is somebody's already.
 */
export async function borrowInterface(nas: Host, device: string): Promise<BorrowedInterface> {
  const route = [everybody, 'dev', device, 'scope', 'link']
  await must(nas, ['ip', 'route', 'add', ...route], device)
  let mine: string | undefined
  const takeBack = async () => {
    if (mine !== undefined) await nas.run(['ip', 'addr', 'del', mine, 'dev', device])
    mine = undefined
  }
  return {
    useAddress: async (address, netmask) => {
      const wanted = `${address}/${prefixLength(netmask)}`
      if (wanted === mine) return
      await takeBack()
      if ((await nas.ask(['ping', '-c', '1', '-W', '1', address])).code === 0)
        throw new UserError(`${address} answers already: that Pi seems to run`, {
          hint: 'switch it off first, or run simulate-boot on the NAS',
        })
      await must(nas, ['ip', 'addr', 'add', wanted, 'dev', device], device)
      mine = wanted
    },
    giveBack: async () => {
      await takeBack()
      await nas.run(['ip', 'route', 'del', ...route])
    },
  }
}

async function must(nas: Host, argv: readonly string[], device: string): Promise<void> {
  const { code, stderr } = await nas.run(argv)
  // The route is there when an earlier run was killed.
  if (code === 0 || stderr.includes('File exists')) return
  throw new UserError(`cannot play a Pi on ${quoted(device)}: ${stderr.trim().split('\n')[0]}`, {
    hint: 'name an interface of this machine with --interface, and run it as root',
  })
}

function prefixLength(netmask: string): number {
  return netmask
    .split('.')
    .reduce((bits, part) => bits + Number(part).toString(2).replaceAll('0', '').length, 0)
}
