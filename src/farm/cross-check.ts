import { relative } from 'node:path'
import { quoted } from '../errors.ts'
import { addressNumber, addressProblem } from './addresses.ts'
import type { FarmSettings, PiSettings } from './farm-schema.ts'
import type { Path } from './farm-text.ts'
import type { Ipv4 } from './schema.ts'

/** Something wrong with one setting in the light of another. */
export interface Problem {
  readonly path: Path
  readonly message: string
}

/**
 * What the shape alone cannot say: that Pis do not share what must be theirs alone, and that
 * addresses lie where they can work. `locate` says where a setting stands, as `farm.yaml:12`.
 */
export function crossCheck(
  settings: FarmSettings,
  locate: (path: Path) => string,
): readonly Problem[] {
  return [
    ...networkProblems(settings),
    ...settings.pis.flatMap((pi, index) => addressProblems(settings, pi, ['pis', index])),
    ...sharedProblems(settings.pis, locate),
    ...nameProblems(settings),
    ...controllerProblems(settings.controller),
  ]
}

function networkProblems({ nas, network }: FarmSettings): Problem[] {
  const { first, last } = network.addresses
  const hosts: [Path, Ipv4 | undefined][] = [
    [['nas', 'address'], nas.address],
    [['network', 'gateway'], network.gateway],
    [['network', 'addresses'], first],
    [['network', 'addresses'], last],
  ]
  const problems = hosts.flatMap(([path, address]) => {
    const message = address && addressProblem(network.subnet, address)
    return message ? [{ path, message }] : []
  })
  if (addressNumber(first) > addressNumber(last)) {
    const message = `the range ${quoted(`${first}-${last}`)} ends before it begins`
    problems.push({ path: ['network', 'addresses'], message })
  }
  return problems
}

function addressProblems({ nas, network }: FarmSettings, pi: PiSettings, path: Path): Problem[] {
  const message =
    addressProblem(network.subnet, pi.address) ??
    (pi.address === nas.address ? `${quoted(pi.address)} is the NAS itself` : undefined) ??
    (pi.address === network.gateway ? `${quoted(pi.address)} is the gateway` : undefined)
  return message ? [{ path: [...path, 'address'], message }] : []
}

function sharedProblems(pis: readonly PiSettings[], locate: (path: Path) => string): Problem[] {
  const problems: Problem[] = []
  for (const key of ['name', 'mac', 'serial', 'address', 'muxid'] as const) {
    const seen = new Map<string, number>()
    for (const [index, pi] of pis.entries()) {
      if (pi[key] === undefined) continue
      // DNS and DHCP do not tell HLSPI1 from HLSPi1.
      const value = String(pi[key]).toLowerCase()
      const other = seen.get(value)
      if (other === undefined) {
        seen.set(value, index)
        continue
      }
      const owner = pis[other]?.name
      problems.push({
        path: ['pis', index, key],
        message: `${quoted(pi[key])} is already the ${key} of ${owner} (${locate(['pis', other, key])})`,
      })
    }
  }
  return problems
}

/** Roots and templates are directories side by side, and so are boot directories. */
function nameProblems({ defaults, pis }: FarmSettings): Problem[] {
  const templates = new Set([defaults.template, ...pis.flatMap((pi) => pi.template ?? [])])
  return pis.flatMap(({ name }, index) =>
    templates.has(name)
      ? [{ path: ['pis', index, 'name'], message: `${quoted(name)} is the name of a template` }]
      : [],
  )
}

/** Its service would start, say so, and be started again, without end. */
function controllerProblems(controller: FarmSettings['controller']): Problem[] {
  const { media, watch_folder, tls_cert, tls_key } = controller
  const problems: Problem[] = []
  if ((tls_cert === undefined) !== (tls_key === undefined)) {
    const [given, other] =
      tls_cert === undefined
        ? (['tls_key', 'tls_cert'] as const)
        : (['tls_cert', 'tls_key'] as const)
    problems.push({ path: ['controller', given], message: `needs ${other} beside it` })
  }
  if (watch_folder !== undefined && relative(media, watch_folder).startsWith('..')) {
    const message = `${quoted(watch_folder)} is not below controller.media, ${media}`
    problems.push({ path: ['controller', 'watch_folder'], message })
  }
  return problems
}
