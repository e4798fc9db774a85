import type { Farm, Pi } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Put } from '../../plan/change.ts'
import { type PublicHalves, publicKeyFiles } from './public-halves.ts'

/** The farm's ssh known_hosts: `ssh -o UserKnownHostsFile=...` asks nothing on the first login. */
export function knownHostsFile(farm: Farm): string {
  return `${farm.paths.state}/known_hosts`
}

/** Makes the file say the public keys of all Pis. By name; no Pis, no file. */
export async function knownHostsChange(
  farm: Farm,
  nas: Reader,
  halves: PublicHalves,
): Promise<Put | undefined> {
  const path = knownHostsFile(farm)
  const before = await nas.read(path)
  const lines = farm.pis
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((pi) =>
      publicKeyFiles.flatMap((file) => {
        const [algorithm, base64] = halves(pi.name, file)?.split(' ') ?? []
        return base64 === undefined ? [] : [`${namesOf(farm, pi)} ${algorithm} ${base64}\n`]
      }),
    )
  const text = lines.join('')
  if (before?.kind === 'file' ? before.text === text : text === '') return undefined
  const after =
    text === ''
      ? undefined
      : ({ kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 } as const)
  return { kind: 'put', path, before, after, why: 'the ssh host keys of all Pis' }
}

/** The addresses that Pis had at the last run, by name: of a removed one nobody else knows it. */
export async function lastAddresses(farm: Farm, nas: Reader): Promise<ReadonlyMap<string, string>> {
  const entry = await nas.read(knownHostsFile(farm))
  if (entry?.kind !== 'file') return new Map()
  const names = entry.text.split('\n').map((line) => (line.split(' ')[0] ?? '').split(','))
  return new Map(names.map((list) => [list[0] ?? '', list.at(-1) ?? '']))
}

/** The address comes last: `lastAddresses` reads it from there. */
function namesOf(farm: Farm, pi: Pi): string {
  const { domain } = farm.network
  return [pi.name, ...(domain === undefined ? [] : [`${pi.name}.${domain}`]), pi.address].join(',')
}
