/** One line of the table. */
export interface Row {
  readonly what: string
  readonly pifarm: string
  readonly peer: string
  /** What is held against the bar. */
  readonly ratio: number
  /** None: told to be known, and held against nothing. */
  readonly bar?: number
}

/** Something timed. A number that it answers is its time in ms: where not all of it counts. */
type Subject = () => Promise<unknown>

/**
 * The median of each subject, in ms. The subjects take turns, so that a busy moment of the machine
 * hits all of them alike.
 */
export async function alternating<Name extends string>(
  rounds: number,
  subjects: Readonly<Record<Name, Subject>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(subjects) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    // Each goes first as often as last: what one leaves to be written, the next one waits for.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const start = performance.now()
      const own = await subjects[name]()
      times.get(name)?.push(typeof own === 'number' ? own : performance.now() - start)
    }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    Name,
    number
  >
}

export function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

/** 1,380 ms as `1.38 s`, 41.6 ms as `42 ms`. */
export function time(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}
