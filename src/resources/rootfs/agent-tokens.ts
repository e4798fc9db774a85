import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Put } from '../../plan/change.ts'
import { tokenHashFile } from './identity.ts'
import type { PublicHalves } from './public-halves.ts'

/**
 * Makes the file say which token is good for which muxer: `<muxid> <sha256> <name>`, by name; no Pis,
 * no file. The controller reads it again when it changes.
 */
export async function agentTokensChange(
  farm: Farm,
  nas: Reader,
  halves: PublicHalves,
): Promise<Put | undefined> {
  const path = `${farm.paths.state}/agent-tokens`
  const before = await nas.read(path)
  const lines = farm.pis
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, muxid }) => {
      const hash = halves(name, tokenHashFile)
      // A Pi of before the tokens has none.
      return hash === undefined ? [] : [`${muxid} ${hash.trim()} ${name}\n`]
    })
  const text = lines.join('')
  if (before?.kind === 'file' ? before.text === text : text === '') return undefined
  const after =
    text === ''
      ? undefined
      : ({ kind: 'file', text, encoding: 'utf8', mode: 0o600, uid: 0, gid: 0 } as const)
  return { kind: 'put', path, before, after, why: 'which agent may speak for which muxer' }
}
