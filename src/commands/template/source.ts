import { resolve } from 'node:path'
import * as z from 'zod'
import { UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { templateName } from '../../farm/schema.ts'
import type { Emulation } from '../../root-template/emulation.ts'
import type { Source } from '../../root-template/source.ts'
import { bootstrap, bootstrapArchitectures, suites } from '../../root-template/sources/bootstrap.ts'
import { fromImage } from '../../root-template/sources/from-image.ts'
import { fromPi } from '../../root-template/sources/from-pi.ts'
import { fromRoot } from '../../root-template/sources/from-root.ts'
import { fromTar } from '../../root-template/sources/from-tar.ts'
import type { TemplateWishes } from '../../root-template/step.ts'
import type { Tools } from '../../tools.ts'
import { flag } from '../pi-options.ts'
import { connector, type SshOptions } from './connect.ts'

/** The flags that say where a template comes from: one of them. */
export interface SourceOptions extends SshOptions {
  readonly fromPi?: string
  readonly fromImage?: string
  readonly fromTar?: string
  readonly fromRoot?: string
  readonly live?: true
  /** true: without a suite. */
  readonly bootstrap?: string | true
  readonly arch?: string
  readonly mirror?: string
}

const flags = ['fromPi', 'fromImage', 'fromTar', 'fromRoot', 'bootstrap'] as const

/** The flags that only one source knows what to do with. */
const flagsOf: Readonly<Partial<Record<(typeof flags)[number], readonly (keyof SourceOptions)[]>>> =
  {
    fromPi: ['sshIdentity', 'sshPort', 'sshPasswordFile', 'sshFingerprint'],
    fromRoot: ['live'],
    bootstrap: ['arch', 'mirror'],
  }

const account = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]*@[A-Za-z0-9][A-Za-z0-9.:-]*$/, {
    error: 'a Pi is named as user@host',
  })
  .transform((text) => {
    const [user = '', host = ''] = text.split('@')
    return { user, host }
  })
const url = z.url({ protocol: /^https?$/, error: 'it is like http://deb.debian.org/debian' })

/** The source that the flags name. */
export function sourceOf(
  tools: Tools,
  farm: Farm,
  options: SourceOptions,
  { wishes, emulation }: { readonly wishes: TemplateWishes; readonly emulation: Emulation },
): Source {
  const { nas, workshop } = tools
  refuseIdle(options, oneOf(options))
  if (options.fromTar !== undefined) return fromTar(nas, workshop, resolve(options.fromTar))
  if (options.fromImage !== undefined) return fromImage(nas, workshop, resolve(options.fromImage))
  if (options.fromRoot !== undefined) {
    const name = flag('--from-root', templateName, options.fromRoot) ?? ''
    return fromRoot(nas, workshop, farm, { name, live: options.live === true })
  }
  if (options.fromPi !== undefined) {
    const target = flag('--from-pi', account, options.fromPi) ?? { user: '', host: '' }
    return fromPi(nas, workshop, target, connector(tools, farm, target, options))
  }
  const suite = options.bootstrap === true ? undefined : options.bootstrap
  return bootstrap({ nas, workshop, emulation }, farm, {
    name: wishes.name,
    suite: flag('--bootstrap', z.enum(suites), suite) ?? 'bookworm',
    architecture: flag('--arch', z.enum(bootstrapArchitectures), options.arch) ?? 'arm64',
    packages: wishes.packages,
    mirror: flag('--mirror', url, options.mirror),
  })
}

function oneOf(options: SourceOptions): (typeof flags)[number] {
  const [source, ...others] = flags.filter((name) => options[name] !== undefined)
  if (source !== undefined && others.length === 0) return source
  throw new UserError(
    source === undefined ? 'it was not said what to build from' : 'a template has one source',
    { hint: 'give one of --from-pi, --from-image, --from-tar, --from-root, --bootstrap' },
  )
}

/** Who asks for armhf of an image would otherwise get whatever the image is, and not be told. */
function refuseIdle(options: SourceOptions, source: (typeof flags)[number]): void {
  for (const other of flags) {
    const idle = flagsOf[other]?.find((name) => options[name] !== undefined)
    if (other === source || idle === undefined) continue
    throw new UserError(`${typed(idle)} says nothing of ${typed(source)}`, {
      hint: `it goes with ${typed(other)}`,
    })
  }
}

/** As a person types it. */
function typed(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
