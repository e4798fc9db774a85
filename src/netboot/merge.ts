/** What several sources yield, as it comes, until all have ended or nobody listens any more. */
export async function* merge<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const next = (iterator: AsyncIterator<T>) =>
    iterator.next().then((result) => ({ iterator, result }))
  const waiting = new Map(iterators.map((iterator) => [iterator, next(iterator)]))
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values())
      if (result.done) {
        waiting.delete(iterator)
        continue
      }
      waiting.set(iterator, next(iterator))
      yield result.value
    }
  } finally {
    // Not awaited: a source that is waiting for its next item ends only with its signal.
    for (const [iterator, item] of waiting) {
      void item.catch(() => undefined)
      void iterator.return?.()?.catch(() => undefined)
    }
  }
}
