import { exitCodes, UserError } from '../errors.ts'
import type { Tools } from '../tools.ts'

/** Does it with each; one that is refused is warned of and does not keep the others from it. */
export async function eachOf<T, R>(
  { ui }: Tools,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<{ readonly done: R[]; readonly exitCode: number }> {
  const done: R[] = []
  let exitCode: number = exitCodes.done
  for (const item of items) {
    try {
      done.push(await work(item))
    } catch (error) {
      if (!(error instanceof UserError) || items.length === 1) throw error
      exitCode = exitCodes.usage
      ui.warn(error.message)
    }
  }
  return { done, exitCode }
}
