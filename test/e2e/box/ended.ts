import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { within } from './within.ts'

/** Killed, or not asked for anything any more, a process is gone in moments. In ms. */
const longestUsual = 60_000

/** Waits until a process is gone, which it may long have been. Throws where it stays. */
export async function ended(
  process: ChildProcess,
  name: string,
  longest = longestUsual,
): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  await within(longest, `${name} to end`, once(process, 'exit'))
}
