import { resolve } from 'node:path'
import * as z from 'zod'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { readText } from '../../host/read-text.ts'
import type { HostKey, Remote } from '../../host/remote.ts'
import type { Tools } from '../../tools.ts'
import { flag } from '../pi-options.ts'
import { homeOfCaller } from './wishes.ts'

export interface SshOptions {
  readonly sshPort?: string
  /** File of a private key. */
  readonly sshIdentity?: string
  readonly sshPasswordFile?: string
  /** The host key that is right: `SHA256:...`. */
  readonly sshFingerprint?: string
}

const portNumber = z.coerce.number().int().min(1).max(65_535)
const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, {
  error: 'a fingerprint is as `ssh-keygen -lf` prints it: SHA256:...',
})

/** Connects to a Pi when it is called: every question has a flag. */
export function connector(
  tools: Tools,
  farm: Farm,
  { user, host }: { readonly user: string; readonly host: string },
  options: SshOptions,
): (signal: AbortSignal) => Promise<Remote> {
  const port = flag('--ssh-port', portNumber, options.sshPort) ?? 22
  const right = flag('--ssh-fingerprint', fingerprint, options.sshFingerprint)
  return async (signal) => {
    const connect = await tools.sshTo(
      { user, host, port },
      {
        home: await homeOfCaller(tools.nas),
        keyFile: options.sshIdentity === undefined ? undefined : resolve(options.sshIdentity),
        keyFlag: '--ssh-identity',
        hostsFile: `${farm.paths.state}/ssh_known_hosts`,
        askPassword: passwords(tools, options.sshPasswordFile),
        trust: async (key) =>
          right === undefined ? await ask(tools, key) : right === key.fingerprint,
        signal,
      },
    )
    return await connect()
  }
}

async function ask({ ui }: Tools, { name, type, fingerprint }: HostKey): Promise<boolean> {
  ui.say(`${name} has not been seen before; its ${type} key is ${fingerprint}`)
  if (!ui.canAsk)
    // Not even with --yes: who says yes to a key without looking has no key.
    throw new UserError(`the host key of ${name} is not known: ${fingerprint}`, {
      hint: `if that is the right one, give it as: --ssh-fingerprint ${fingerprint}`,
      exitCode: exitCodes.declined,
    })
  return await ui.confirm('Is that the right one?')
}

function passwords({ nas, ui }: Tools, fromFile: string | undefined): Ask | undefined {
  if (fromFile === undefined) return ui.canAsk ? (question) => ui.secret(question) : undefined
  let given = false
  return async () => {
    // Once: a password that was wrong stays wrong.
    if (given) return undefined
    given = true
    const text = await readText(nas, resolve(fromFile))
    if (text === undefined) throw new UserError(`there is no file ${quoted(fromFile)}`)
    return text.split('\n')[0]
  }
}

type Ask = (question: string) => Promise<string | undefined>
