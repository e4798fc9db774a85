import { DatabaseLost } from './database-lost.ts'

/** Whether an error says that the database cannot be reached or used, and not that a statement is wrong. */
export function isDatabaseGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseLost) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error.name === 'SqliteError') return sqliteCodes.test(code)
  // SQLSTATE: connection exception, insufficient resources, operator intervention.
  if (/^(?:08|53|57)\w{3}$/.test(code)) return true
  return isNetwork(error, code) || lostConnection.test(error.message)
}

/** In the database's words, what makes it no whole one; that does not come back by itself. */
export function damageIn(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  // SQLSTATE: data corrupted, index corrupted.
  if (error.code === 'XX001' || error.code === 'XX002') return error.message
  if (error.name !== 'SqliteError') return undefined
  // By the code alone: where a file is attached, there is one message for whatever is wrong with it.
  if (String(error.code).startsWith('SQLITE_CORRUPT')) return 'database disk image is malformed'
  return error.code === 'SQLITE_NOTADB' ? 'file is not a database' : undefined
}

/** A file that is not there, and a client that breaks off its request, have the same codes. */
function isNetwork(error: Error, code: string): boolean {
  const call = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : ''
  return networkCodes.has(code) && (error instanceof AggregateError || networkCalls.has(call))
}

const networkCalls = new Set(['connect', 'read', 'write', 'getaddrinfo'])
const sqliteCodes = /^SQLITE_(?:IOERR|FULL|CANTOPEN|BUSY|READONLY|LOCKED)/
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
/** What pg says of a broken connection, without a code. */
const lostConnection =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/
