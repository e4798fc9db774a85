/** What several sources yield, as it comes, until all have ended or nobody listens any more. */
export async function* merge<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const open = new Set(sources.map((source) => source[Symbol.asyncIterator]()))
  const arrived: { iterator: AsyncIterator<T>; item: Promise<IteratorResult<T>> }[] = []
  let wake = () => {}
  // Not Promise.race: it would leave something behind on the item of a source that stays silent, for
  // each item of one that does not.
  const ask = (iterator: AsyncIterator<T>) => {
    const item = iterator.next()
    const arrive = () => {
      arrived.push({ iterator, item })
      wake()
    }
    item.then(arrive, arrive)
  }
  for (const iterator of open) ask(iterator)
  try {
    while (open.size > 0) {
      const next = arrived.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const result = await next.item
      if (result.done) {
        open.delete(next.iterator)
        continue
      }
      ask(next.iterator)
      yield result.value
    }
  } finally {
    // Not awaited: a source that is waiting for its next item ends only with its signal.
    for (const iterator of open) void iterator.return?.()?.catch(() => undefined)
  }
}
