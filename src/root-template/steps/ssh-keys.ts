import { UserError } from '../../errors.ts'
import { type Account, accountOf, authorizedKeys, keyIn, keysOf } from '../inside/accounts.ts'
import { fileAt, withLine } from '../inside/texts.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

export const sshKeys: Step = {
  id: 'ssh-keys',
  title: 'Authorised keys',
  why: 'a key in the template opens every Pi that is cloned from it, and no password has to',
  cure: 'adds the keys to the authorized_keys of the user and of root; others stay in them',
  async inspect(tree, wishes) {
    return (await missing(tree, wishes)).map(
      ({ account, line }) => `${authorizedKeys(account)} lacks ${nameOf(line)}`,
    )
  },
  async mend(tree, wishes) {
    const changed: string[] = []
    for (const { account, line } of await missing(tree, wishes)) {
      const path = authorizedKeys(account)
      await makeDir(tree, account)
      const before = await fileAt(tree, path)
      const text = withLine(before?.text ?? '', line.trim())
      const { uid, gid } = account
      const fresh = { kind: 'file', encoding: 'utf8', mode: 0o600, uid, gid } as const
      await tree.put(path, { ...(before ?? fresh), text })
      changed.push(`${path} has ${nameOf(line)}`)
    }
    return changed
  },
}

async function missing(
  tree: Tree,
  wishes: TemplateWishes,
): Promise<readonly { readonly account: Account; readonly line: string }[]> {
  const found: { account: Account; line: string }[] = []
  for (const name of new Set([wishes.user, 'root'])) {
    const account = await accountOf(tree, name)
    if (account === undefined) continue
    const there = await keysOf(tree, account)
    for (const line of wishes.sshKeys) if (!there.has(keyIn(line))) found.push({ account, line })
  }
  return found
}

/** sshd reads the file as its owner, so the directory has to be the owner's too. */
async function makeDir(tree: Tree, { home, uid, gid }: Account): Promise<void> {
  const dir = `${home}/.ssh`
  if ((await tree.read(dir)) !== undefined) return
  if (uid === 0) return await tree.put(dir, { kind: 'dir', mode: 0o700 })
  const owner = ['-o', String(uid), '-g', String(gid)]
  const { code, stderr } = await tree.run(['install', '-d', '-m', '0700', ...owner, '--', dir])
  if (code !== 0) throw new UserError(`cannot make ${dir} in ${tree.top}: ${stderr.trim()}`)
}

/** The comment at the end of a key is what people know it by. */
function nameOf(line: string): string {
  return `the key ${/AAAA\S+\s+(\S.*)/.exec(line)?.[1]?.trim() ?? keyIn(line).slice(0, 40)}`
}
