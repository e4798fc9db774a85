import { open } from 'node:fs/promises'
import { UserError } from '../../errors.ts'

/** The secret that this muxer shows to the controller. One that others can read is no secret. */
export async function readToken(path: string): Promise<string> {
  const hint = `make it with: install -m 600 -o <the agent's user> /dev/stdin ${path}`
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`
    throw new UserError(`the token file ${path} ${why}`, { hint, cause })
  })
  try {
    const { mode } = await file.stat()
    if ((mode & 0o077) !== 0)
      throw new UserError(
        `the token file ${path} has mode ${(mode & 0o777).toString(8)}: others may read it`,
        { hint: `make a new token, then: chmod 600 ${path}` },
      )
    const token = (await file.readFile('utf8')).trim()
    // It goes into a header; and never into a message.
    if (/^[\x21-\x7e]{16,512}$/.test(token)) return token
    throw new UserError(`the token file ${path} holds no token`, {
      hint: 'a token is one line of 16 to 512 characters without blanks',
    })
  } finally {
    await file.close()
  }
}
