import { quoted, UserError } from '../errors.ts'
import { addressAt, addressNumber, addressProblem } from './addresses.ts'
import type { Farm } from './farm.ts'
import { type HostName, hostName, type Ipv4, type MuxId, muxId } from './schema.ts'

/**
 * The lowest address of `network.addresses` that nobody has. `taken` are addresses in use outside
 * farm.yaml; `inRange` names the dynamic range that an address lies in, which must not be given out.
 */
export function nextAddress(
  { nas, network, pis }: Pick<Farm, 'nas' | 'network' | 'pis'>,
  taken: ReadonlySet<string>,
  inRange: (address: string) => string | undefined,
): Ipv4 {
  const { first, last } = network.addresses
  const used = new Set([nas.address, network.gateway, ...pis.map((pi) => pi.address)])
  const end = addressNumber(last)
  for (let number = addressNumber(first); number <= end; number++) {
    const address = addressAt(number)
    if (used.has(address) || taken.has(address) || inRange(address)) continue
    if (addressProblem(network.subnet, address) === undefined) return address
  }
  throw new UserError(`no address is free in ${first}-${last}`, {
    hint: 'widen network.addresses in farm.yaml, or give an address with --ip',
  })
}

/** The lowest muxid that no Pi has. */
export function nextMuxid({ pis }: Pick<Farm, 'pis'>): MuxId {
  const used = new Set<number>(pis.map((pi) => pi.muxid))
  for (let id = 1; id <= 65_535; id++) {
    if (!used.has(id)) return muxId.parse(id)
  }
  throw new UserError('no muxid is free in 1-65535', { hint: 'remove a Pi with pifarm remove-pi' })
}

/** Continues the farm's own names with the lowest free number: HLSPi3 after HLSPi1 and HLSPi2. */
export function nextName({ pis }: Pick<Farm, 'pis'>): HostName {
  const used = new Set(pis.map((pi) => pi.name.toLowerCase()))
  const numbered = pis.flatMap(({ name }) => {
    const [, stem = '', digits = ''] = /^(.*?)(\d+)$/.exec(name) ?? []
    return digits === '' ? [] : [{ stem, digits }]
  })
  const stem = numbered.at(-1)?.stem ?? 'HLSPi'
  // node10 goes on as node11, but node01 as node02.
  const padded = numbered.find((name) => name.stem === stem && name.digits.startsWith('0'))
  const width = padded?.digits.length ?? 1
  for (let number = 1; ; number++) {
    const next = hostName.safeParse(stem + String(number).padStart(width, '0'))
    if (!next.success) {
      throw new UserError(`no host name is free behind ${quoted(stem)}`, {
        hint: 'give one with --name',
      })
    }
    if (!used.has(next.data.toLowerCase())) return next.data
  }
}
