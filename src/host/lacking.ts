import fs from 'node:fs'
import { join } from 'node:path'
import type { Reader } from './host.ts'

/** Where execvp(3) would look; in this process, since every plan asks. */
export const lacking: Reader['lacking'] = async (programs) => {
  const dirs = (process.env.PATH ?? '').split(':')
  return programs.filter((program) =>
    program.includes('/')
      ? !isProgram(program)
      : !dirs.some((dir) => isProgram(join(dir || '.', program))),
  )
}

function isProgram(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK)
    return fs.statSync(path).isFile()
  } catch {
    return false
  }
}
