import type { Reader } from '../host/host.ts'
import { readText } from '../host/read-text.ts'
import type { Trial } from './change.ts'

/** What is broken in files that a daemon is about to read, or undefined. */
export async function failedTrial(
  { argv, input, complaint, crash }: Trial,
  nas: Reader,
): Promise<string | undefined> {
  const text = input === undefined ? undefined : ((await readText(nas, input)) ?? '')
  const { code, stderr } = await nas.ask(argv, text)
  if (code === 0) return undefined
  if (code >= 128 && crash !== undefined) return crash
  const lines = stderr.trim().split('\n')
  const pattern = complaint === undefined ? undefined : new RegExp(complaint)
  const said = lines.find((line) => pattern?.test(line)) ?? lines.at(-1)
  return said?.trim() || `${argv[0]} ended with ${code}`
}
