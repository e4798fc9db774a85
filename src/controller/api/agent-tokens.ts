import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { muxerId } from '../../protocol/job.ts'

/** Which muxer a token belongs to: `<muxer> <sha256 of the token in hex> <name>` a line, made by pifarm. */
export interface AgentTokens {
  muxerOf(token: string): string | undefined
}

/**
 * Read again whenever the file has changed, so that a new Pi is known and a removed one is not. What is
 * wrong in it is said; the line itself is not, for it may hold a token.
 */
export function agentTokensIn(file: string, say: (line: string) => void = () => {}): AgentTokens {
  let read = ''
  let muxers: ReadonlyMap<string, string> = new Map()
  return {
    muxerOf: (token) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      const found = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
      if (found !== read) {
        const { good, bad } = parse(found === '' ? '' : readFileSync(file, 'utf8'))
        muxers = good
        read = found
        for (const line of bad)
          say(`${file}:${line}: not "MUXER SHA256-OF-ITS-TOKEN NAME": nobody is let in by it`)
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
