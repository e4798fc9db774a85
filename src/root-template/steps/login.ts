import { UserError } from '../../errors.ts'
import { accountOf, keysOf, opensWithPassword, passwordsOf } from '../inside/accounts.ts'
import { linesAt, putText } from '../inside/texts.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

/** What images were shipped with, and what people set to have something. */
const defaults = ['raspberry', 'pi', 'raspberrypi', 'debian', 'root', 'toor', 'admin', 'password']
/** Matches no password, and unlike `!` lets a key in where PAM is asked. */
const locked = '*'
const groups = ['sudo', 'video', 'render', 'audio', 'plugdev', 'users']

export const login: Step = {
  id: 'login',
  title: 'Login',
  why: 'every clone has the same accounts: a default or empty password opens the whole farm, and with no user at all nobody gets in',
  cure: 'makes the user, gives it the password hash asked for, and locks default and empty passwords',
  async inspect(tree, wishes) {
    const passwords = await passwordsOf(tree)
    const problems: string[] = []
    if ((await accountOf(tree, wishes.user)) === undefined)
      problems.push(`/etc/passwd has no user ${wishes.user}`)
    for (const [name, hash] of passwords)
      if (hash === '') problems.push(`/etc/shadow: ${name} has an empty password`)
    for (const name of await withDefaultPassword(tree, passwords))
      problems.push(`/etc/shadow: ${name} has a default password`)
    if (wishes.passwordHash !== undefined && passwords.get(wishes.user) !== wishes.passwordHash)
      problems.push(`/etc/shadow: ${wishes.user} has another password than asked for`)
    if (await isShut(tree, wishes, passwords))
      problems.push(
        `nobody can log in: ${wishes.user} has neither a password nor an ssh key; give one with --ssh-key FILE or --password-hash`,
      )
    return problems
  },
  async mend(tree, wishes) {
    const changed: string[] = []
    if ((await accountOf(tree, wishes.user)) === undefined)
      changed.push(await addUser(tree, wishes.user))
    const passwords = await passwordsOf(tree)
    const unsafe = new Set(await withDefaultPassword(tree, passwords))
    for (const [name, hash] of passwords) {
      const wanted = name === wishes.user ? wishes.passwordHash : undefined
      if (wanted !== undefined && wanted !== hash) {
        await setPassword(tree, name, wanted)
        changed.push(`set the password of ${name}`)
      } else if (hash === '' || unsafe.has(name)) {
        await setPassword(tree, name, locked)
        changed.push(`locked the password of ${name}`)
      }
    }
    return changed
  },
}

/** Tries the defaults with the NAS's own crypt(3), which knows every kind of hash that Debian uses. */
async function withDefaultPassword(
  tree: Tree,
  passwords: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const tries = [...passwords]
    .filter(([, hash]) => hash !== '' && opensWithPassword(hash))
    .map(([name, hash]) => [name, hash, ...new Set([...defaults, name])].join('\t'))
  if (tries.length === 0) return []
  const program =
    'while (<STDIN>) { chomp; my ($n, $h, @p) = split /\\t/;' +
    ' for (@p) { my $c = crypt($_, $h); if (defined $c && $c eq $h) { print "$n\\n"; last } } }'
  // On stdin: hashes are no business of everybody who runs ps.
  const { code, stdout } = await tree.ask(['perl', '-e', program], `${tries.join('\n')}\n`)
  if (code !== 0)
    throw new UserError('cannot try default passwords: perl failed on this machine', {
      hint: 'install it: apt-get install perl-base',
    })
  return stdout.split('\n').filter((name) => name !== '')
}

/** Whether neither a password nor a key opens the user or root, nor will the step ssh-keys mend that. */
async function isShut(
  tree: Tree,
  wishes: TemplateWishes,
  passwords: ReadonlyMap<string, string>,
): Promise<boolean> {
  if (wishes.sshKeys.length > 0 || wishes.passwordHash !== undefined) return false
  for (const name of [wishes.user, 'root']) {
    const account = await accountOf(tree, name)
    if (account === undefined) continue
    if (name !== 'root' && opensWithPassword(passwords.get(name))) return false
    if ((await keysOf(tree, account)).size > 0) return false
  }
  return true
}

async function addUser(tree: Tree, user: string): Promise<string> {
  const known = new Set((await linesAt(tree, '/etc/group')).map((line) => line.split(':')[0] ?? ''))
  const argv = ['useradd', '--create-home', '--shell', '/bin/bash', '--password', locked]
  const joined = groups.filter((group) => known.has(group)).join(',')
  const { code, stderr } = await tree.run([
    ...argv,
    ...(joined === '' ? [] : ['--groups', joined]),
    '--',
    user,
  ])
  if (code !== 0) throw new UserError(`useradd failed in ${tree.top}: ${stderr.trim()}`)
  return `added the user ${user}`
}

async function setPassword(tree: Tree, name: string, hash: string): Promise<void> {
  const lines = (await linesAt(tree, '/etc/shadow')).map((line) => {
    const [account, , ...rest] = line.split(':')
    return account === name ? [account, hash, ...rest].join(':') : line
  })
  await putText(tree, '/etc/shadow', lines.join('\n'), 0o640)
}
