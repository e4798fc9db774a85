import { lstatSync } from 'node:fs'
import { execa } from 'execa'
import { quoted, UserError } from '../errors.ts'

/** Renames where the new name is free, and answers whether it was: the kernel's RENAME_NOREPLACE, which Node has not and `mv` uses. */
export async function renameNew(from: string, to: string): Promise<boolean> {
  const { stderr } = await execa('mv', ['-nT', '--', from, to], { reject: false })
  // By its exit status nothing can be told: its versions answer a name that is taken with 0 or with 1.
  if (!isThere(from)) return true
  if (isThere(to)) return false
  throw new UserError(`cannot write ${quoted(to)}: ${stderr}`, { hint: 'name a file elsewhere' })
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
