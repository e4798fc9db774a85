import type { Tree } from '../tree.ts'
import { linesAt } from './texts.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** An account of /etc/passwd; undefined where there is none of that name. */
export async function accountOf(tree: Tree, name: string): Promise<Account | undefined> {
  for (const line of await linesAt(tree, '/etc/passwd')) {
    const [found, , uid, gid, , home] = line.split(':')
    if (found === name && home !== undefined)
      return { name, uid: Number(uid), gid: Number(gid), home }
  }
  return undefined
}

/** The password fields of /etc/shadow by account. */
export async function passwordsOf(tree: Tree): Promise<ReadonlyMap<string, string>> {
  const fields = (await linesAt(tree, '/etc/shadow')).map((line) => line.split(':'))
  return new Map(
    fields.flatMap(([name, hash]) => (name && hash !== undefined ? [[name, hash]] : [])),
  )
}

/** Whether somebody who knows a password can log in with it: `*` and `!...` match none. */
export function opensWithPassword(hash: string | undefined): boolean {
  return hash !== undefined && !/^[*!]/.test(hash)
}

/** The keys that open an account by ssh, options and comments left out: `type base64`. */
export async function keysOf(tree: Tree, account: Account): Promise<ReadonlySet<string>> {
  const lines = await linesAt(tree, authorizedKeys(account))
  return new Set(lines.map(keyIn).filter((key) => key !== ''))
}

export function authorizedKeys(account: Account): string {
  return `${account.home}/.ssh/authorized_keys`
}

/** `type base64` of a line of authorized_keys; '' where there is no key in it. */
export function keyIn(line: string): string {
  if (line.trimStart().startsWith('#')) return ''
  return /(?:^|\s)((?:ssh|ecdsa|sk)-\S+\s+AAAA\S+)/.exec(line)?.[1]?.replace(/\s+/, ' ') ?? ''
}
