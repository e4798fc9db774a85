import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { muxerId } from '../../protocol/job.ts'
import { Refused } from '../queue/refused.ts'

/** Which muxer a token belongs to: `<muxer> <sha256 of the token in hex> <name>` a line, made by pifarm. */
export interface AgentTokens {
  /** A `Refused` where the file is there and cannot be read. */
  muxerOf(token: string): string | undefined
}

const retryAfterSeconds = 10

/**
 * Read again whenever the file has changed, so that a new Pi is known and a removed one is not. What is
 * wrong in it is said; the line itself is not, for it may hold a token.
 */
export function agentTokensIn(file: string, say: (line: string) => void = () => {}): AgentTokens {
  let read = ''
  let muxers: ReadonlyMap<string, string> = new Map()
  let complained = ''
  const refresh = (): void => {
    const stat = statSync(file, { throwIfNoEntry: false })
    const found = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
    if (found === read) return
    // Before it is opened: a pipe there would hold up the whole controller.
    if (stat !== undefined && !stat.isFile()) throw new Error('it is not a file')
    const { good, bad } = parse(found === '' ? '' : readFileSync(file, 'utf8'))
    muxers = good
    read = found
    for (const line of bad)
      say(`${file}:${line}: not "MUXER SHA256-OF-ITS-TOKEN NAME": nobody is let in by it`)
  }
  return {
    muxerOf: (token) => {
      try {
        refresh()
        complained = ''
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message
        if (why !== complained)
          say(`${file} cannot be read: ${why}; until it can be, no agent is let in`)
        complained = why
        throw new Refused(
          503,
          `the controller cannot read its agent-tokens: ${why}`,
          'its log says where they are; agents are let in again once they can be read',
          retryAfterSeconds,
        )
      }
      // A hash is looked up, not the token: how long that takes tells nothing about another token.
      return muxers.get(createHash('sha256').update(token).digest('hex'))
    },
  }
}

function parse(text: string): { readonly good: Map<string, string>; readonly bad: number[] } {
  const good = new Map<string, string>()
  const bad: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [muxer, hash = ''] = line.trim().split(/\s+/)
    if (muxerId.safeParse(muxer).success && /^[0-9a-f]{64}$/.test(hash)) good.set(hash, muxer ?? '')
    else if (muxer !== '') bad.push(index + 1)
  }
  return { good, bad }
}
