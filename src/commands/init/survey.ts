import * as z from 'zod'
import type { Reader } from '../../host/host.ts'
import { needPrograms } from '../../host/need-programs.ts'

/** What can be found out about this NAS without asking. */
export interface Survey {
  readonly interfaces: readonly Interface[]
  /** The interface of the default route. */
  readonly uplink: string | undefined
  /** Of each interface that has a default route. */
  readonly gateways: ReadonlyMap<string, string>
  readonly dns: readonly string[]
  readonly domain: string | undefined
  /** Where the TFTP server that is installed serves from. */
  readonly tftp: string | undefined
}

export interface Interface {
  readonly name: string
  readonly address: string
  readonly prefix: number
}

const links = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number(), scope: z.string() })),
  }),
)
const routes = z.array(z.object({ dev: z.string(), gateway: z.string().optional() }))

/** Looks at interfaces, routes, resolv.conf and the TFTP server's settings. */
export async function survey(nas: Reader): Promise<Survey> {
  await needPrograms(nas, ['ip'])
  const found = links.parse(await json(nas, ['ip', '-j', '-4', 'addr', 'show']))
  const defaults = routes.parse(await json(nas, ['ip', '-j', '-4', 'route', 'show', 'default']))
  const resolv = await textOf(nas, '/etc/resolv.conf')
  const tftpd = await textOf(nas, '/etc/default/tftpd-hpa')
  return {
    interfaces: found.flatMap(({ ifname, addr_info }) =>
      addr_info
        .filter(({ scope }) => scope === 'global')
        .map(({ local, prefixlen }) => ({ name: ifname, address: local, prefix: prefixlen })),
    ),
    uplink: defaults[0]?.dev,
    // The first of an interface is the one that is used.
    gateways: new Map(
      defaults.toReversed().flatMap(({ dev, gateway }) => (gateway ? [[dev, gateway]] : [])),
    ),
    // A resolver on the NAS itself, such as systemd-resolved's, is of no use to a Pi.
    dns: [...resolv.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)]
      .flatMap(([, address]) => address ?? [])
      .filter((address) => !address.startsWith('127.')),
    // systemd-resolved writes `search .` where there is none.
    domain: /^(?:search|domain)\s+([^\s.]\S*)/m.exec(resolv)?.[1],
    tftp: /^TFTP_DIRECTORY="?([^"\n]+?)\/*"?$/m.exec(tftpd)?.[1],
  }
}

async function json(nas: Reader, argv: readonly string[]): Promise<unknown> {
  const { code, stdout } = await nas.ask(argv)
  return code === 0 && stdout.trim() !== '' ? JSON.parse(stdout) : []
}

async function textOf(nas: Reader, path: string): Promise<string> {
  const entry = await nas.read(path)
  // Often a link, e.g. to systemd-resolved's stub.
  if (entry?.kind === 'link') return (await nas.ask(['cat', path])).stdout
  return entry?.kind === 'file' ? entry.text : ''
}
