import { UserError } from '../errors.ts'
import type { Host, Output } from '../host/host.ts'
import type { Check } from './change.ts'

/** Shows the staged text to the real daemon. Throws a `UserError` with what it found wrong. */
export async function runCheck(check: Check, nas: Host): Promise<void> {
  const output = await withStaged(check.staged, nas, () => nas.ask(check.argv, check.input))
  const wrong = check.judge === undefined ? complaint(check, output) : check.judge(output)
  if (wrong !== undefined) throw new UserError(wrong, { hint: check.hint })
}

/**
 * First what needs no file staged: where something was broken before, not even a directory's time changes.
 * Of each kind all daemons at once, for none waits for another. Throws what the first of the list refuses.
 */
export async function runChecks(checks: readonly Check[], nas: Host): Promise<void> {
  const needsNoFile = ({ staged }: Check) => staged.length === 0
  await runAtOnce(checks.filter(needsNoFile), nas)
  await runAtOnce(
    checks.filter((check) => !needsNoFile(check)),
    nas,
  )
}

async function runAtOnce(checks: readonly Check[], nas: Host): Promise<void> {
  // Each to its end: a put-back clears away what is staged for it.
  const verdicts = await Promise.allSettled(checks.map((check) => runCheck(check, nas)))
  for (const verdict of verdicts) if (verdict.status === 'rejected') throw verdict.reason
}

async function withStaged(
  staged: Check['staged'],
  nas: Host,
  work: () => Promise<Output>,
): Promise<Output> {
  try {
    // Readable by the daemon's own user, like the file it stands for.
    for (const { path, text } of staged)
      await nas.put(path, { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 })
    return await work()
  } finally {
    for (const { path } of staged) await nas.put(path, undefined)
  }
}

function complaint({ why }: Check, output: Output): string | undefined {
  if (output.code === 0) return undefined
  return `${why}: ${output.stderr.trim().split('\n')[0] || `exit status ${output.code}`}`
}
