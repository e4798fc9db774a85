import { controller } from './controller.ts'
import { dhcp } from './dhcp/dhcp.ts'
import { exports } from './exports/exports.ts'
import { firewall } from './firewall/firewall.ts'
import { nfsPorts } from './nfs-ports.ts'
import type { Resource } from './resource.ts'
import { rootfs } from './rootfs/rootfs.ts'
import { tftp } from './tftp/tftp.ts'

/**
 * What pifarm keeps on the NAS, in the order in which it is made: a thing comes before what points
 * at it. Start reading here.
 */
export const catalog: readonly Resource[] = [
  rootfs,
  tftp,
  nfsPorts,
  exports,
  firewall,
  dhcp,
  controller,
]
