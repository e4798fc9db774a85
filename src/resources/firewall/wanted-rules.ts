import { type Farm, nfsPortRange } from '../../farm/farm.ts'
import { render } from '../../render.ts'

/** Portmapper, nfsd, and the range that the resource nfs-ports pins mountd, statd and lockd in. */
export const nfsPortList = `111,2049,${nfsPortRange.first}:${nfsPortRange.last}`

/** pifarm's lines of the filter table, in the form and order of `ourRules` in plan/live-rules.ts. */
export function wantedRules(farm: Farm): string[] {
  const text = render('firewall/rules.hbs', {
    nfsPorts: nfsPortList,
    pis: farm.pis,
    nfsClients: farm.firewall.nfs_clients.map(asNetwork),
    subnet: farm.network.subnet,
    tftpClients: farm.firewall.tftp_clients.map(asNetwork),
    controllerPort: farm.controller.enable ? farm.controller.port : undefined,
    controllerClients: farm.firewall.controller_clients.map(asNetwork),
  })
  return text.split('\n').filter((line) => line !== '')
}

/** iptables-save prints a single address with its prefix length. */
function asNetwork(client: string): string {
  return client.includes('/') ? client : `${client}/32`
}
