import { useRef, useState } from 'preact/hooks'
import { asRefusal, type Refusal } from './ask.ts'

export interface Action {
  readonly isRunning: boolean
  readonly refusal: Refusal | undefined
  run(): Promise<void>
}

/** Something that a button does: once at a time, and its refusal stays until it is tried again. */
export function useAction(act: () => Promise<unknown>): Action {
  const [isRunning, setRunning] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  // A second click comes before the first is drawn.
  const busy = useRef(false)
  return {
    isRunning,
    refusal,
    run: async () => {
      if (busy.current) return
      busy.current = true
      setRunning(true)
      setRefusal(undefined)
      try {
        await act()
      } catch (error) {
        setRefusal(asRefusal(error))
      } finally {
        busy.current = false
        setRunning(false)
      }
    },
  }
}
