import { resolve } from 'node:path'
import * as z from 'zod'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { HostKey, Remote, RemoteQuestions } from '../../host/remote.ts'
import { knownHostsLine } from '../../host/trust.ts'
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

const port = z.coerce.number().int().min(1).max(65_535)
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
  const { nas, workshop } = tools
  const wantedPort = flag('--ssh-port', port, options.sshPort) ?? 22
  const right = flag('--ssh-fingerprint', fingerprint, options.sshFingerprint)
  const remembered = `${farm.paths.state}/ssh_known_hosts`
  return async (signal) => {
    const home = await homeOfCaller(nas)
    const files = [remembered, `${home}/.ssh/known_hosts`, '/etc/ssh/ssh_known_hosts']
    const known = await Promise.all(files.map((file) => textOf(nas, file)))
    const target = {
      user,
      host,
      port: wantedPort,
      key: await privateKey(nas, options.sshIdentity),
      agent: process.env.SSH_AUTH_SOCK || undefined,
      knownHosts: known.flatMap((text) => text.split('\n')),
    }
    const questions: RemoteQuestions = {
      trust: async (key) => {
        if (right === undefined ? !(await ask(tools, host, key)) : right !== key.fingerprint)
          return false
        const text = `${known[0] ?? ''}${knownHostsLine(host, wantedPort, key)}\n`
        await nas.put(remembered, file(text))
        return true
      },
      password: passwords(tools, options.sshPasswordFile),
    }
    return await workshop.connect(target, questions, signal)
  }
}

async function ask({ ui }: Tools, host: string, key: HostKey): Promise<boolean> {
  ui.say(`${host} has not been seen before; its ${key.type} key is ${key.fingerprint}`)
  if (!ui.canAsk)
    // Not even with --yes: who says yes to a key without looking has no key.
    throw new UserError(`the host key of ${host} is not known: ${key.fingerprint}`, {
      hint: `if that is the right one, give it as: --ssh-fingerprint ${key.fingerprint}`,
      exitCode: exitCodes.declined,
    })
  return await ui.confirm('Is that the right one?')
}

function passwords({ nas, ui }: Tools, fromFile: string | undefined): RemoteQuestions['password'] {
  let given = false
  return async (what) => {
    if (fromFile !== undefined) {
      // Once: a password that was wrong stays wrong.
      if (given) return undefined
      given = true
      return (await textOf(nas, resolve(fromFile))).split('\n')[0]
    }
    return ui.canAsk ? await ui.secret(what) : undefined
  }
}

async function privateKey(nas: Reader, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  const text = await textOf(nas, resolve(path))
  if (text === '') throw new UserError(`there is no key in ${quoted(path)}`)
  return text
}

async function textOf(nas: Reader, path: string): Promise<string> {
  const entry = await nas.read(path)
  return entry?.kind === 'file' ? entry.text : ''
}

function file(text: string) {
  return { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 } as const
}
