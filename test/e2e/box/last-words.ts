import type { Console } from './console.ts'
import type { Nas } from './nas.ts'
import { within } from './within.ts'

/** Of a NAS in trouble, in ms. */
const longestJournal = 60_000

/** What is wanted to see where something went wrong. The consoles are those of Pis, by name. */
export async function lastWords(
  consoles: ReadonlyMap<string, Console>,
  nas: Nas | undefined,
): Promise<string> {
  const parts: string[] = []
  for (const [name, { lines }] of consoles) parts.push(`-- console of ${name}`, ...lines.slice(-80))
  if (nas !== undefined) {
    parts.push('-- console of the NAS', ...nas.console.lines.slice(-20))
    const told = within(longestJournal, 'the journal of the NAS', nas.journal())
    const journal = await told.catch((error: Error) => error.message)
    parts.push('-- journal of the NAS', ...journal.split('\n').slice(-80))
  }
  return parts.join('\n')
}
