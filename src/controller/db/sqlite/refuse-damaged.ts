import { DatabaseDamaged } from '../database-lost.ts'
import { lookInto } from './look-into.ts'
import { sizeOf } from './sqlite-file.ts'

/**
 * Reads all of it: half a second for 160 MB that are in memory. Only looks: it can be mended best as it
 * was left, and a backup that lies beside a journal that does not fit it is whole without.
 */
export function refuseDamaged(file: string): void {
  // What a `-journal` is left of is put back only by whoever opens it to write.
  if (sizeOf(file) === 0 || sizeOf(`${file}-journal`) > 0) return
  const [row] = lookInto(file, "select quick_check as said from pragma_quick_check(1, 'looked')")
  const { said } = row as { said: string }
  if (said !== 'ok')
    throw new DatabaseDamaged(file, `database disk image is malformed: ${said.split('\n').at(-1)}`)
}
