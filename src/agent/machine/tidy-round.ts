import type { TidyList } from '../../protocol/agent-api.ts'
import type { ControllerClient } from '../controller/controller-client.ts'
import type { AgentSettings } from '../settings/agent-settings.ts'
import { runShareChild } from '../share/share-child.ts'
import type { ShareWord } from '../share/share-work.ts'
import type { Clock } from './clock.ts'
import { patienceSeconds } from './controller-talk.ts'

export interface TidyRound {
  readonly client: ControllerClient
  readonly settings: AgentSettings
  readonly clock: Clock
  readonly self: readonly string[]
  readonly signal: AbortSignal
  log(line: string): void
}

const longestSeconds = 600

/** Takes away the inputs that the controller says are due, and tells what became of each. */
export async function tidyRound(round: TidyRound): Promise<void> {
  const { client, settings, self, signal, log } = round
  const patience = { signal, timeoutSeconds: patienceSeconds }
  const answer = await client.tidyList(patience)
  if (answer.kind !== 'ok' || answer.value.files.length === 0) return
  const { files } = answer.value
  const { mediaDir, originalsDir } = settings
  const done: Extract<ShareWord, { kind: 'tidied' }>[] = []
  const limit = timeLimit(round)
  await runShareChild({
    order: { kind: 'tidy', places: { mediaDir, originalsDir }, files },
    signal: limit.signal,
    self,
    hear: (word) => {
      if (word.kind === 'tidied') done.push(word)
    },
  })
  limit.end()
  for (const { id, tidied } of done) {
    log(`tidied ${pathOf(files, id)}: ${tidied.outcome} ${tidied.detail}`.trim())
    await client.tidied(id, tidied, patience)
  }
}

/** Aborted by the agent's own haste, or when it takes too long. */
function timeLimit({ clock, signal }: TidyRound) {
  const limit = new AbortController()
  const over = new AbortController()
  const hurry = () => limit.abort()
  signal.addEventListener('abort', hurry, { once: true })
  void clock.sleep(longestSeconds, over.signal).then(hurry)
  return {
    signal: limit.signal,
    end: () => {
      signal.removeEventListener('abort', hurry)
      over.abort()
    },
  }
}

function pathOf(files: TidyList['files'], id: string): string {
  return files.find((file) => file.id === id)?.path ?? id
}
