import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sideBySide } from '../../src/root-template/side-by-side.ts'

const { signal } = new AbortController()

/** Takes until it is stopped, and then its time to end, as a tar does. */
function slowToStop(ended: () => void) {
  return async (stop: AbortSignal) => {
    await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
    await pause(50)
    ended()
    stop.throwIfAborted()
  }
}

test('both are done at once, and both answers given', async () => {
  const done: string[] = []
  const after = (ms: number, name: string) => async () => {
    await pause(ms)
    done.push(name)
    return name
  }
  expect(await sideBySide(signal, after(60, 'one'), after(10, 'other'))).toEqual(['one', 'other'])
  expect(done).toEqual(['other', 'one'])
})

test.each(['first', 'second'] as const)(
  'where the %s fails the other is stopped and waited for, and why it failed is told',
  async (which) => {
    let hasEnded = false
    const slow = slowToStop(() => {
      hasEnded = true
    })
    const fails = async () => {
      throw new Error('cannot read the file')
    }
    const both =
      which === 'first' ? sideBySide(signal, fails, slow) : sideBySide(signal, slow, fails)
    await expect(both).rejects.toThrow('cannot read the file')
    expect(hasEnded).toBe(true)
  },
)

test('an interruption stops both and waits for them', async () => {
  const interrupt = new AbortController()
  let ended = 0
  const slow = slowToStop(() => {
    ended += 1
  })
  const both = sideBySide(interrupt.signal, slow, slow)
  interrupt.abort(new Error('Ctrl-C'))
  await expect(both).rejects.toThrow('Ctrl-C')
  expect(ended).toBe(2)
})
