import { dirname } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import type { FileEntry, Host, Reader } from '../host/host.ts'
import type { Change, Plan, Reload } from './change.ts'

/** What a run is about to do, on disk before it does it, so that a crash can be taken back. */
export interface RunRecord {
  /** Of this format. */
  readonly version: 1
  /** `0017`: runs are numbered, since clocks are set back. */
  readonly id: string
  /** The command line, for people. */
  readonly command: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly steps: readonly RecordedStep[]
  /** Files that are there only while a daemon judges them. */
  readonly staged: readonly string[]
  /** Trees deleted for good afterwards. */
  readonly purge: readonly string[]
  /** The run that this one takes back. */
  readonly undoes?: string
  /** Its changes were taken back, and daemons have still to read their files again. */
  readonly reloadsWait?: true
}

interface RecordedStep {
  readonly resource: string
  readonly changes: readonly Change[]
  readonly reloads: readonly Reload[]
}

/** How many past runs are kept for `undo`. */
const kept = 50

const running = (state: string) => `${state}/running.json`
const runsDir = (state: string) => `${state}/runs`
const recordFile = (state: string, id: string) => `${runsDir(state)}/${id}.json`

export function makeRecord(
  plan: Plan,
  about: Pick<RunRecord, 'id' | 'command' | 'startedAt'> & { readonly undoes?: string | undefined },
): RunRecord {
  const { undoes, ...rest } = about
  return {
    version: 1,
    ...rest,
    steps: plan.steps.map(({ resource, changes, reloads }) => ({ resource, changes, reloads })),
    staged: plan.steps.flatMap(({ checks }) =>
      checks.flatMap(({ staged }) => staged.map(({ path }) => path)),
    ),
    purge: plan.purge,
    ...(undoes === undefined ? {} : { undoes }),
  }
}

/** The run that was never finished: killed, or cut off from its power. */
export async function unfinishedRun(nas: Reader, state: string): Promise<RunRecord | undefined> {
  return await readRecord(nas, running(state))
}

/** The finished runs, newest first. */
export async function* finishedRuns(nas: Reader, state: string): AsyncGenerator<RunRecord> {
  for (const id of (await runIds(nas, state)).toReversed()) {
    const record = await readRecord(nas, recordFile(state, id))
    if (record !== undefined) yield record
  }
}

/** The number for the next run. */
export async function nextRunId(nas: Reader, state: string): Promise<string> {
  const last = (await runIds(nas, state)).at(-1) ?? '0'
  return String(Number(last) + 1).padStart(4, '0')
}

/** From here on a crash is taken back by the next run. */
export async function open(nas: Host, state: string, record: RunRecord): Promise<void> {
  // One that is there keeps its mode: it may be more than pifarm's.
  for (const dir of [state, runsDir(state)])
    if ((await nas.read(dir)) === undefined) await nas.put(dir, { kind: 'dir', mode: 0o700 })
  await nas.put(running(state), recordEntry(record))
  // Above it too: a first run's journal must not be lost with the directory that was made for it.
  await nas.flush([state, dirname(state)], [])
}

/** The one instant at which a run becomes final: a rename. */
export async function close(nas: Host, state: string, record: RunRecord): Promise<void> {
  await nas.moveTree(running(state), recordFile(state, record.id))
  for (const id of (await runIds(nas, state)).slice(0, -kept))
    await nas.put(recordFile(state, id), undefined)
}

/** Forgets all finished runs but one. */
export async function forgetOthers(nas: Host, state: string, { id }: RunRecord): Promise<void> {
  for (const other of await runIds(nas, state))
    if (other !== id) await nas.put(recordFile(state, other), undefined)
}

/** Writes a finished run's record anew. */
export async function rewrite(nas: Host, state: string, record: RunRecord): Promise<void> {
  await nas.put(recordFile(state, record.id), recordEntry(record))
}

/** What was put back and waits for its reloads: the next run does them. */
export async function keepWaiting(nas: Host, state: string, record: RunRecord): Promise<void> {
  await nas.put(running(state), recordEntry({ ...record, reloadsWait: true }))
}

/** What could not be put back whole is kept to look at, beside the journal: that has its own end. */
export async function keepFailed(nas: Host, state: string, record: RunRecord): Promise<void> {
  await nas.put(failedFile(state, record.id), recordEntry(record))
}

/** Where the journal of a run lies that could not be put back: it holds what was there before. */
export function failedFile(state: string, id: string): string {
  return `${state}/failed-${id}.json`
}

/** After everything was put back there is nothing to remember. */
export async function discard(nas: Host, state: string): Promise<void> {
  await nas.put(running(state), undefined)
  await nas.flush([state], [])
}

/** 0600: a record holds private host keys as text. */
function recordEntry(record: RunRecord): FileEntry {
  const text = `${JSON.stringify(record)}\n`
  return { kind: 'file', text, encoding: 'utf8', mode: 0o600, uid: 0, gid: 0 }
}

async function runIds(nas: Reader, state: string): Promise<string[]> {
  const names = [...((await nas.list(runsDir(state)))?.keys() ?? [])]
  return names
    .flatMap((name) => /^(\d{4,})\.json$/.exec(name)?.[1] ?? [])
    .toSorted((a, b) => Number(a) - Number(b))
}

async function readRecord(nas: Reader, file: string): Promise<RunRecord | undefined> {
  const entry = await nas.read(file)
  if (entry?.kind !== 'file') return undefined
  return parseRecord(entry.text, file)
}

/** Only root writes here, by rename; but a hand, or another version of pifarm, may have been at it. */
function parseRecord(text: string, file: string): RunRecord {
  try {
    const record = JSON.parse(text) as RunRecord
    if (record.version === 1) return record
  } catch {
    // Said below.
  }
  throw new UserError(`${file} is not a record that this pifarm can read`, {
    hint: 'look at it, then move it away',
    exitCode: exitCodes.needsHands,
  })
}
