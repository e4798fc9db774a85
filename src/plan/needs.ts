import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import { needPrograms } from '../host/need-programs.ts'
import type { Resource } from '../resources/resource.ts'

/** What every run may have to do to trees, whatever resource wants it. */
const ofEveryRun = ['setpriv', 'cp', 'rm', 'sync']

/**
 * Refuses before anything is looked at: without a program a look would be answered with another
 * reason, and a run would get as far as that program and be put back.
 */
export async function refuseLacking(
  farm: Farm,
  nas: Reader,
  resources: readonly Resource[],
): Promise<void> {
  await needPrograms(nas, [...ofEveryRun, ...resources.flatMap(({ needs }) => needs(farm))])
}
