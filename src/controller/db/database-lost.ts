import { exitCodes, UserError } from '../../errors.ts'

/** A database that does not come back to this process: only one that begins anew may take what is there. */
export class DatabaseLost extends UserError {
  constructor(message: string, hint: string) {
    super(message, { hint, exitCode: exitCodes.needsHands })
  }
}

/** The name of an open database leads to another file, or to none. What is written from now on would be lost. */
export class DatabaseReplaced extends DatabaseLost {
  constructor(file: string, what: 'removed' | 'replaced') {
    super(
      `the database ${file} was ${what} while it was open`,
      'started again, the controller takes what is there then; stop it before you restore a queue',
    )
  }
}

/** The lock holds nobody off any more. */
export class LockRemoved extends DatabaseLost {
  constructor(lockFile: string) {
    super(
      `the lock ${lockFile} was removed while it was held`,
      "leave it where it is: one that a killed controller left is in nobody's way; start again what ended",
    )
  }
}

/** It is no whole database any more. What it answers may be wrong, and what it was told may be gone: nothing is promised. */
export class DatabaseDamaged extends DatabaseLost {
  readonly reason: string

  constructor(name: string, reason: string, mend: string) {
    super(
      `the database ${name} is damaged: ${reason}`,
      `what was written into it may be lost: ${mend}`,
    )
    this.reason = reason
  }
}

export class FileDamaged extends DatabaseDamaged {
  constructor(file: string, reason: string) {
    super(
      file,
      reason,
      `stop the controller, move ${file}, its -wal and its -shm aside, put a backup there, and start it`,
    )
  }
}

export class ServerDamaged extends DatabaseDamaged {
  constructor(name: string, reason: string) {
    super(name, reason, 'stop its controllers, restore it from a backup, and start them')
  }
}
