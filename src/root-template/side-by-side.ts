type Work<T> = (signal: AbortSignal) => Promise<T>

/**
 * Does both at once. Where one fails the other is stopped, and waited for: nothing may still be
 * writing when the caller clears away.
 */
export async function sideBySide<One, Other>(
  signal: AbortSignal,
  one: Work<One>,
  other: Work<Other>,
): Promise<readonly [One, Other]> {
  const failure = new AbortController()
  const either = AbortSignal.any([signal, failure.signal])
  async function stopping<T>(work: Work<T>): Promise<T> {
    try {
      return await work(either)
    } catch (error) {
      failure.abort(error)
      throw error
    }
  }
  const [first, second] = await Promise.allSettled([stopping(one), stopping(other)])
  if (first.status === 'fulfilled' && second.status === 'fulfilled')
    return [first.value, second.value]
  signal.throwIfAborted()
  throw failure.signal.reason
}
