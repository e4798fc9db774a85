import { readFileSync } from 'node:fs'
import { UserError } from './errors.ts'
import { packageFile } from './package-file.ts'

let text: string | undefined

/** The muxer agent that this pifarm brings along: what `npm run build` makes of src/agent. */
export function agentProgram(): string {
  const file = packageFile('dist/agent.mjs')
  try {
    text ??= readFileSync(file, 'utf8')
    return text
  } catch (cause) {
    throw new UserError(`the muxer agent ${file} cannot be read`, {
      hint: 'install pifarm again; in a clone of its repository: npm run build',
      cause,
    })
  }
}

/** The version that a bundled agent names in its first lines; undefined for anything else. */
export function agentVersionIn(program: string): string | undefined {
  return /^\/\/ pifarm agent (\S+)$/m.exec(program.slice(0, 256))?.[1]
}
