import ipaddr from 'ipaddr.js'
import type { Farm } from '../../farm/farm.ts'
import { render } from '../../render.ts'

/** What a file that is pifarm's alone begins with. */
const header = '# Managed by pifarm. Edit farm.yaml and run `pifarm apply`.\n'

/** pifarm's own file, which dhcpd.conf includes. */
export function renderOwnFile(farm: Farm): string {
  return header + renderHosts(farm)
}

/** The same as lines for a block inside dhcpd.conf, where the markers say who keeps it. */
export function renderBlock(farm: Farm): readonly string[] {
  return renderHosts(farm).split('\n').slice(1, -1)
}

function renderHosts(farm: Farm): string {
  const { subnet, gateway, dns, domain } = farm.network
  return render('dhcp/pifarm.conf.hbs', {
    declareSubnet: farm.dhcp.declare_subnet,
    network: ipaddr.IPv4.networkAddressFromCIDR(subnet).toString(),
    netmask: ipaddr.IPv4.subnetMaskFromPrefixLength(Number(subnet.split('/')[1])).toString(),
    broadcast: ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString(),
    gateway,
    dns: dns.join(', '),
    domain,
    nas: farm.nas.address,
    pis: farm.pis,
  })
}
