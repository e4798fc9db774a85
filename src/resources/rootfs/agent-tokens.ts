import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Put } from '../../plan/change.ts'
import { type Identity, tokenHashFile, vaultOf } from './identity.ts'

/**
 * Makes the file say which token is good for which muxer: `<muxid> <sha256> <name>`, by name; no Pis,
 * no file. The controller reads it again when it changes.
 */
export async function agentTokensChange(
  farm: Farm,
  nas: Reader,
  made: ReadonlyMap<string, Identity>,
): Promise<Put | undefined> {
  const path = `${farm.paths.state}/agent-tokens`
  const before = await nas.read(path)
  const lines: string[] = []
  for (const pi of farm.pis.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const entry =
      made.get(pi.name)?.files.get(tokenHashFile) ??
      (await nas.read(`${vaultOf(farm)}/${pi.name}/${tokenHashFile}`))
    // A Pi of before the tokens has none.
    if (entry?.kind === 'file') lines.push(`${pi.muxid} ${entry.text.trim()} ${pi.name}\n`)
  }
  const text = lines.join('')
  if (before?.kind === 'file' ? before.text === text : text === '') return undefined
  const after =
    text === ''
      ? undefined
      : ({ kind: 'file', text, encoding: 'utf8', mode: 0o600, uid: 0, gid: 0 } as const)
  return { kind: 'put', path, before, after, why: 'which agent may speak for which muxer' }
}
