import { statSync } from 'node:fs'
import { exitCodes, UserError } from '../../errors.ts'

/**
 * The name of an open database leads to another file, or to none. What is written from now on would be
 * lost, and it does not come back: only a process that begins anew takes what is there.
 */
export class DatabaseReplaced extends UserError {
  constructor(file: string, what: 'removed' | 'replaced') {
    super(`the database ${file} was ${what} while it was open`, {
      hint: 'started again, the controller takes what is there then; stop it before you restore a queue',
      exitCode: exitCodes.needsHands,
    })
    this.name = 'DatabaseReplaced'
  }
}

/** Remembers which file has the name now; answers what has become of that since. */
export function fileAt(name: string): () => 'removed' | 'replaced' | undefined {
  const { ino, dev } = statSync(name)
  return () => {
    const now = statSync(name, { throwIfNoEntry: false })
    if (now === undefined) return 'removed'
    return now.ino === ino && now.dev === dev ? undefined : 'replaced'
  }
}
