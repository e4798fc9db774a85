import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** Which muxer a token belongs to: `<muxer> <sha256 of the token in hex>` a line, made by pifarm. */
export interface AgentTokens {
  muxerOf(token: string): string | undefined
}

/** Read again whenever the file has changed, so that a new Pi is known and a removed one is not. */
export function agentTokensIn(file: string): AgentTokens {
  let read = ''
  let muxers: ReadonlyMap<string, string> = new Map()
  return {
    muxerOf: (token) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      const found = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
      if (found !== read) {
        muxers = found === '' ? new Map() : parse(readFileSync(file, 'utf8'))
        read = found
      }
      // A hash is looked up, not the token: how long that takes tells nothing about another token.
      return muxers.get(createHash('sha256').update(token).digest('hex'))
    },
  }
}

function parse(text: string): Map<string, string> {
  const muxers = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [muxer, hash] = line.trim().split(/\s+/)
    if (muxer !== undefined && hash !== undefined && /^[0-9a-f]{64}$/.test(hash))
      muxers.set(hash, muxer)
  }
  return muxers
}
