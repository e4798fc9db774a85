import { ControllerAway } from '../controller/client/controller-client.ts'
import { exitCodes, UserError } from '../errors.ts'
import type { Tools } from '../tools.ts'
import { visibleLines } from '../ui/visible.ts'

/**
 * Does it with each; one that is refused is warned of and does not keep the others from it. A hint that
 * several share is said once, and so is how many of them are `done`, in a word of the caller. Once the
 * controller is away nothing more is asked for. The exit code says whether anything was done.
 */
export async function eachOf<T, R>(
  { ui, signal }: Tools,
  items: readonly T[],
  work: (item: T) => Promise<R>,
  word = 'done',
): Promise<{ readonly done: R[]; readonly exitCode: number }> {
  const done: R[] = []
  const hints = new Set<string>()
  let left = ''
  let exitCode: number = exitCodes.done
  for (const [index, item] of items.entries()) {
    try {
      done.push(await work(item))
    } catch (error) {
      const isAway = error instanceof ControllerAway
      if (!(error instanceof UserError) || items.length === 1) throw error
      if (isAway && done.length === 0) throw error
      exitCode = Math.max(exitCode, error.exitCode)
      ui.warn(error.message)
      if (error.hint && !hints.has(error.hint)) ui.say(`  ${visibleLines(error.hint)}`)
      if (error.hint) hints.add(error.hint)
      const rest = items.slice(index + 1)
      if (isAway && rest.length > 0) left = `, and the last ${rest.length} were not asked for`
      if (isAway) break
    }
  }
  if (signal.aborted) return { done, exitCode: exitCodes.interrupted }
  if (done.length === 0 || done.length === items.length) return { done, exitCode }
  ui.warn(`${word}: ${done.length} of ${items.length}${left}`)
  return { done, exitCode: exitCodes.needsHands }
}
