import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cached, contentOf, type Made, passing, store } from './cache.ts'
import { apart, bound } from './programs.ts'
import { templateCode } from './template-code.ts'

const project = join(import.meta.dirname, '../../..')
const here = import.meta.dirname
/** Of the NAS: the first Debian whose own nodejs is new enough for pifarm. */
const suite = 'trixie'
const guestKernel = '/usr/bin/linux.uml'
const guestModules = '/usr/lib/uml/modules'

/** `uml`: the Pis are User-Mode-Linux guests; `raspi3b`: QEMU's board of that name. */
export type Emulation = 'uml' | 'raspi3b'

export interface NasDisk {
  /** The image of its ext4; not to be written to. */
  readonly file: string
  readonly parts: readonly { readonly name: string; readonly made: Made; readonly took: number }[]
}

/**
 * The disk of a NAS: Debian, the packed pifarm, and a template that it has built. Each part is kept
 * below ~/.cache until what it is made of changes.
 */
export async function nasDisk(emulation: Emulation, say: (line: string) => void): Promise<NasDisk> {
  const parts: NasDisk['parts'][number][] = []
  const part = async (
    name: string,
    ingredients: readonly string[],
    make: (into: string) => Promise<void>,
  ) => {
    const began = performance.now()
    const { dir, key, made } = await cached(name, ingredients, (into) => {
      say(`making ${name}`)
      return make(into)
    })
    parts.push({ name, made, took: performance.now() - began })
    return { dir, key }
  }

  const script = (name: string) => join(here, name)
  const debian = await part(
    'debian',
    [suite, await contentOf(script('packages.sh'), guestKernel)],
    (into) => apart(say, [script('packages.sh'), into, suite]),
  )
  const base = join(debian.dir, 'root')

  const tarball = await pack()
  const pifarm = await part('pifarm', [await contentOf(tarball)], (into) =>
    bound(say, ['npm', 'install', '--global', '--prefix', join(into, 'usr/local'), tarball]),
  )

  const hooks = join(here, '../hooks')
  const template = await part(
    `template-${emulation}`,
    [
      debian.key,
      await templateCode(),
      await contentOf(
        ...['templates', 'dist/agent.mjs', 'package-lock.json'].map((path) => join(project, path)),
        script('template.sh'),
        hooks,
      ),
    ],
    async (into) => {
      const packages = await store('packages')
      const argv = [base, pifarm.dir, packages, await hooksFor(emulation, hooks, into)]
      const architecture = emulation === 'uml' ? 'amd64' : 'arm64'
      await apart(say, [script('template.sh'), join(into, 'made'), ...argv, architecture])
      for (const name of ['roots', 'state'])
        await rename(join(into, 'made', name), join(into, name))
      for (const name of ['made', 'hooks']) await rm(join(into, name), { recursive: true })
    },
  )

  const settings = join(here, '../nas')
  const disk = await part(
    `disk-${emulation}`,
    [debian.key, pifarm.key, template.key, await contentOf(script('disk.sh'), settings)],
    (into) => apart(say, [script('disk.sh'), into, base, pifarm.dir, template.dir, settings]),
  )
  return { file: join(disk.dir, 'disk'), parts }
}

/** As `npm publish` would send it. */
async function pack(): Promise<string> {
  const dir = await passing('packed')
  const argv = ['pack', '--silent', '--ignore-scripts', '--pack-destination', dir]
  const { stdout } = await execa('npm', argv, { cwd: project })
  return join(dir, stdout.trim())
}

/** The kernel of a guest is Debian's of the machine that this runs on, and so no part of the project. */
async function hooksFor(emulation: Emulation, hooks: string, into: string): Promise<string> {
  const dir = join(into, 'hooks')
  await mkdir(dir)
  if (emulation !== 'uml') return dir
  await cp(hooks, dir, { recursive: true })
  const [version = ''] = await readdir(guestModules)
  await writeFile(join(dir, 'version'), version)
  const { stdout: config } = await execa(guestKernel, ['--showconfig'])
  await writeFile(join(dir, 'config'), config)
  await writeFile(join(dir, 'linux'), await readFile(guestKernel), { mode: 0o644 })
  await execa('tar', ['-C', guestModules, '-cf', join(dir, 'modules.tar'), version])
  return dir
}
