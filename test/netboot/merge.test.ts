import { expect, test } from 'vitest'
import { merge } from '../../src/netboot/merge.ts'

async function* numbers(from: number, to: number): AsyncGenerator<number> {
  for (let number = from; number < to; number += 1) yield number
}

/** Counts how often somebody waits for it. */
class Watched<T> extends Promise<T> {
  static waits = 0

  // biome-ignore lint/suspicious/noThenProperty: it is what is counted
  override then<A, B>(...args: Parameters<Promise<T>['then']>): Promise<A | B> {
    Watched.waits += 1
    return super.then(...args) as Promise<A | B>
  }
}

const silent: AsyncIterable<number> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Watched(() => undefined) }),
}

test('yields what each source has, and ends with the last', async () => {
  const found: number[] = []
  for await (const number of merge(numbers(0, 3), numbers(10, 12))) found.push(number)
  expect(found.sort((a, b) => a - b)).toEqual([0, 1, 2, 10, 11])
})

test('waits once for a source that stays silent, however much another one says', async () => {
  let count = 0
  for await (const _ of merge(silent, numbers(0, 1000))) {
    count += 1
    if (count === 1000) break
  }
  expect(count).toBe(1000)
  expect(Watched.waits).toBe(1)
})

test('a source that fails ends it with its error', async () => {
  async function* broken(): AsyncGenerator<number> {
    yield 1
    throw new Error('gone')
  }
  const found: number[] = []
  await expect(async () => {
    for await (const number of merge(silent, broken())) found.push(number)
  }).rejects.toThrow('gone')
  expect(found).toEqual([1])
})
