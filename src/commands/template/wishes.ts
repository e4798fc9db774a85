import * as z from 'zod'
import { quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { TemplateWishes } from '../../root-template/step.ts'
import type { Tools } from '../../tools.ts'
import { flag } from '../pi-options.ts'

/** What build and lint share: how a template should be, whatever it comes from. */
export interface WishOptions {
  /** Files of public keys; true: left out; false: `--no-ssh-key`. */
  readonly sshKey?: readonly string[] | boolean
  readonly user?: string
  readonly passwordHash?: string
  readonly package?: readonly string[]
  readonly media?: string
  readonly controller?: string
}

/** What the agent and the media share need; the rest is the user's. */
const usualPackages = ['nodejs', 'ffmpeg', 'nfs-common']

const userName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, {
    error: 'a user name is lower-case letters, digits, _ and -, and begins with a letter',
  })
  .refine((name) => name !== 'root', {
    error: 'root has its keys besides, and no home for the media share: name another user',
  })
const hash = z.string().regex(/^\$(?:[156]|2[aby]|y|7)\$[./A-Za-z0-9$=,]{8,}$/, {
  error: 'a password hash is crypt(3), as `openssl passwd -6` prints it',
})
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, {
  error: 'a package name is lower-case letters, digits and + - .',
})
const share = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*:(?:\/(?!\.\.(?:\/|$))[A-Za-z0-9._+-]+)+$/, {
    error: 'a share is host:/path, without ..',
  })
const address = z.url({ protocol: /^https?$/, error: 'it is like http://10.77.0.1:8080' })
const publicKey =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[\w@.-]+) [A-Za-z0-9+/]+=*(?: .*)?$/

/** Checks the flags and fills in what the farm and the NAS know. */
export async function readWishes(
  tools: Tools,
  farm: Farm,
  name: string,
  options: WishOptions,
): Promise<TemplateWishes> {
  const own = (options.package ?? []).map((text) => flag('--package', packageName, text) ?? '')
  return {
    name,
    sshKeys: await publicKeys(tools, options.sshKey),
    user: flag('--user', userName, options.user) ?? 'pi',
    passwordHash: flag('--password-hash', hash, options.passwordHash),
    packages: [...new Set([...usualPackages, ...own])],
    media: flag('--media', share, options.media),
    controller: flag('--controller', address, options.controller),
    dns: farm.network.dns.length > 0 ? farm.network.dns : only(farm.network.gateway),
    nas: farm.nas.address,
  }
}

function only(value: string | undefined): string[] {
  return value === undefined ? [] : [value]
}

async function publicKeys(
  { nas }: Tools,
  files: WishOptions['sshKey'],
): Promise<readonly string[]> {
  if (files === false) return []
  const places: readonly string[] = Array.isArray(files) ? files : await keysOfCaller(nas)
  const keys: string[] = []
  for (const file of places) {
    const entry = await nas.read(file)
    if (entry?.kind !== 'file') throw new UserError(`there is no public key file ${quoted(file)}`)
    keys.push(...keysIn(entry.text, file))
  }
  return [...new Set(keys)]
}

function keysIn(text: string, file: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      if (publicKey.test(line)) return line
      throw new UserError(`${file} holds no public key: ${quoted(line.slice(0, 20))}`, {
        hint: 'name the file that ends in .pub',
      })
    })
}

async function keysOfCaller(nas: Reader): Promise<string[]> {
  const dir = `${await homeOfCaller(nas)}/.ssh`
  const names = [...((await nas.list(dir)) ?? new Map()).keys()].sort()
  return names.filter((name) => name.endsWith('.pub')).map((name) => `${dir}/${name}`)
}

/** Home of whoever called pifarm: with sudo, of the person and not of root. */
export async function homeOfCaller(nas: Reader): Promise<string> {
  const { stdout } = await nas.ask(['getent', 'passwd', process.env.SUDO_USER || 'root'])
  return stdout.split(':')[5] || '/root'
}
