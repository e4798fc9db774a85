import { readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

/**
 * Looks at a directory of HLS whenever something happens beside it, and every few milliseconds. From
 * the moment at which it can be seen it must be whole, and stay as it is.
 */
export function watchPublished(parent: string, name: string) {
  const seen = new Set<string>()
  const look = () => {
    const files = filesIn(join(parent, name))
    if (files !== undefined) seen.add(files)
  }
  const watcher = watch(parent, look)
  const timer = setInterval(look, 5)
  onTestFinished(() => {
    watcher.close()
    clearInterval(timer)
  })
  return {
    /** It has been seen, and never otherwise than it is now. */
    expectWhole() {
      expect([...seen]).toEqual([filesIn(join(parent, name))])
    },
    expectNothing() {
      expect([...seen]).toEqual([])
    },
  }
}

/** Names and sizes; but the notes of the work, which are taken out last. */
function filesIn(dir: string): string | undefined {
  try {
    const names = readdirSync(dir).filter((each) => each !== '.work')
    return names.map((each) => `${each} ${statSync(join(dir, each)).size}`).join('\n')
  } catch {
    return undefined
  }
}
