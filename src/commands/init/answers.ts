import ipaddr from 'ipaddr.js'
import { UserError } from '../../errors.ts'
import { addressAt, addressNumber } from '../../farm/addresses.ts'
import { farmSchema } from '../../farm/farm-schema.ts'
import type { Ipv4, Subnet } from '../../farm/schema.ts'
import type { Ui } from '../../ui/ui.ts'
import { flag } from '../pi-options.ts'
import { answer } from './answer.ts'
import { askGateway } from './gateway.ts'
import type { Survey } from './survey.ts'

/** The flags of init that stand for its questions. */
export interface InitFlags {
  readonly interface?: string
  readonly address?: string
  readonly subnet?: string
  readonly gateway?: string | undefined
  readonly dns?: string
  readonly domain?: string
  readonly addresses?: string
  readonly template?: string
}

export interface NetworkAnswers {
  readonly interface: string
  readonly address: Ipv4
  readonly subnet: Subnet
  readonly gateway: string | undefined
  readonly dns: readonly string[]
  readonly domain: string | undefined
}

const { nas, network } = farmSchema.shape

/** Asks what a flag did not say, suggesting what was found. */
export async function askNetwork(ui: Ui, flags: InitFlags, found: Survey): Promise<NetworkAnswers> {
  const guess = found.interfaces.find(({ name }) => name === (flags.interface ?? found.uplink))
  const name = await answer(ui, {
    flag: '--interface',
    question: 'Network interface the Pis are on',
    given: flags.interface,
    suggestion: guess?.name ?? found.interfaces[0]?.name,
    schema: nas.shape.interface,
  })
  const own = found.interfaces.find((candidate) => candidate.name === name)
  if (own === undefined)
    throw new UserError(`there is no interface ${name} with an IPv4 address`, {
      hint: `found: ${found.interfaces.map((one) => `${one.name} ${one.address}`).join(', ') || 'none'}`,
    })
  const address = await answer(ui, {
    flag: '--address',
    question: "The NAS's address there",
    given: flags.address,
    suggestion: own.address,
    schema: nas.shape.address,
  })
  refuseElsewhere(name, address, found)
  const subnet = await answer(ui, {
    flag: '--subnet',
    question: 'The network of the Pis',
    given: flags.subnet,
    suggestion: networkOf(address, own.prefix),
    schema: network.shape.subnet,
  })
  return {
    interface: name,
    address,
    subnet,
    gateway: await askGateway(ui, flags.gateway, { name, subnet }, found),
    dns: flag('--dns', network.shape.dns, flags.dns?.split(',') ?? found.dns.slice(0, 3)) ?? [],
    domain: flag('--domain', network.shape.domain, flags.domain ?? found.domain),
  }
}

/** Pis would ask a machine that is none for their files. */
function refuseElsewhere(name: string, address: Ipv4, { interfaces }: Survey): void {
  const own = interfaces.filter((one) => one.name === name).map((one) => one.address)
  if (own.includes(address)) return
  throw new UserError(`${name} has no address ${address} (found ${own.join(', ')})`, {
    hint: `give it that address first, or say it all the same: --set nas.address=${address}`,
  })
}

/** Asks for the addresses that add-pi may give out. */
export async function askAddresses(
  ui: Ui,
  given: string | undefined,
  suggestion: string | undefined,
) {
  return await answer(ui, {
    flag: '--addresses',
    question: 'Addresses that add-pi may give out',
    given,
    suggestion,
    schema: network.shape.addresses,
  })
}

/** A run of up to 50 addresses that nobody has, from .50 upwards where the subnet is that large. */
export function suggestAddresses(
  subnet: Subnet,
  isFree: (address: Ipv4) => boolean,
): string | undefined {
  const [base = '', prefix] = subnet.split('/')
  const first = addressNumber(base as Ipv4)
  const size = 2 ** (32 - Number(prefix))
  let best: { from: number; length: number } | undefined
  let length = 0
  for (
    let offset = Math.min(50, Math.floor(size / 2));
    offset < Math.min(size - 1, 1024);
    offset++
  ) {
    length = isFree(addressAt(first + offset)) ? length + 1 : 0
    if (length > (best?.length ?? 0)) best = { from: first + offset - length + 1, length }
    if (length === 50) break
  }
  return best && `${addressAt(best.from)}-${addressAt(best.from + best.length - 1)}`
}

function networkOf(address: string, prefix: number): string {
  return `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`
}
