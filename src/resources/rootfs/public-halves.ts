import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { type Identity, keyTypes, publicKeyFile, tokenHashFile, vaultOf } from './identity.ts'

/** What such a file of a Pi says, which is one line; undefined where the Pi has none. */
export type PublicHalves = (pi: string, file: string) => string | undefined

export const publicKeyFiles = keyTypes.map(publicKeyFile)

/**
 * What others know the Pis by: from the vault, with the identities that this run makes. No private
 * key is read, and the vault of all Pis in one look.
 */
export async function publicHalves(
  farm: Farm,
  nas: Reader,
  made: ReadonlyMap<string, Identity>,
): Promise<PublicHalves> {
  const vault = vaultOf(farm)
  const kept = await nas.firstLines(vault, [...publicKeyFiles, tokenHashFile])
  return (pi, file) => {
    const text = made.get(pi)?.files.get(file)?.text
    return text?.split('\n')[0] ?? kept.get(`${vault}/${pi}/${file}`)
  }
}
