import { useEffect, useState } from 'preact/hooks'
import { ask, asRefusal, type Refusal } from './ask.ts'
import { freshness } from './live.ts'

export interface Asked<T> {
  readonly answer: T | undefined
  readonly refusal: Refusal | undefined
  again(): void
}

/** What one GET answers; asked again when the address changes and after the connection was lost. */
export function useAsked<T>(path: string): Asked<T> {
  const [known, setKnown] = useState<{ path: string; answer: T }>()
  const [refusal, setRefusal] = useState<Refusal>()
  const [turn, setTurn] = useState(0)
  const fresh = freshness.value

  // Each turn and freshness asks again.
  useEffect(() => {
    let isCurrent = true
    ask<T>('GET', path).then(
      (answer) => {
        if (!isCurrent) return
        setKnown({ path, answer })
        setRefusal(undefined)
      },
      (error) => isCurrent && setRefusal(asRefusal(error)),
    )
    return () => {
      isCurrent = false
    }
  }, [path, turn, fresh])

  return {
    answer: known?.path === path ? known.answer : undefined,
    refusal,
    again: () => setTurn((count) => count + 1),
  }
}
