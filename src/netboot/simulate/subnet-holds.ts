import ipaddr from 'ipaddr.js'

/** Whether an address lies in `10.77.0.0/24`, `10.77.0.0/255.255.255.0`, or is that very address. */
export function subnetHolds(subnet: string, address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false
  const [network = '', mask = '32'] = subnet.split('/')
  if (!ipaddr.IPv4.isValidFourPartDecimal(network)) return false
  const bits = mask.includes('.')
    ? ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask()
    : Number(mask)
  if (bits === null || !(bits >= 0 && bits <= 32)) return false
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(network), bits)
}
