import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether nobody is still copying the file: its size and time stay as they are for so long. */
export async function staysAsItIs(
  path: string,
  seconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  const before = await stat(path)
  await sleep(seconds * 1000, undefined, { signal })
  const after = await stat(path)
  return before.size === after.size && before.mtimeMs === after.mtimeMs && before.ino === after.ino
}
