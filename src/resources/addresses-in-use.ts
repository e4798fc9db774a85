import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import { catalog } from './catalog.ts'
import type { AddressesInUse } from './resource.ts'

/** The addresses that people have given to others, in whatever part of the NAS: none is for a new Pi. */
export async function addressesInUse(farm: Farm, nas: Reader): Promise<AddressesInUse> {
  const found: AddressesInUse[] = []
  for (const resource of catalog)
    if (resource.addressesInUse) found.push(await resource.addressesInUse(farm, nas))
  return {
    taken: new Set(found.flatMap(({ taken }) => [...taken])),
    inRange: (address) =>
      found.map((one) => one.inRange(address)).find((range) => range !== undefined),
  }
}
