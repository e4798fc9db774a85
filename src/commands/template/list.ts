import prettyBytes from 'pretty-bytes'
import { exitCodes } from '../../errors.ts'
import { type Farm, templateRoot } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Shared } from '../../program.ts'
import { templateNames } from '../../resources/find-template.ts'
import { aboutTree } from '../../root-template/about-tree.ts'
import { readManifest } from '../../root-template/manifest.ts'
import type { Tools } from '../../tools.ts'
import { showTable } from '../../ui/show-table.ts'
import { readFarm } from '../session.ts'

interface ListOptions extends Shared {
  readonly json?: true
}

interface Listed {
  readonly name: string
  readonly isDefault: boolean
  readonly source: string | undefined
  readonly built: string | undefined
  readonly release: string
  readonly architecture: string
  readonly kernels: readonly string[]
  readonly bytes: number | undefined
  /** Names of the Pis whose roots were cloned from it. */
  readonly pis: readonly string[]
}

/** The templates of the farm: what pifarm built, and what was laid there by hand. */
export async function list(tools: Tools, options: ListOptions): Promise<number> {
  const { farm } = await readFarm(tools.nas, options.config)
  const found: Listed[] = []
  for (const name of await templateNames(farm, tools.nas)) found.push(await look(farm, tools, name))
  if (options.json) {
    tools.ui.answer(JSON.stringify(found, null, 2))
    return exitCodes.done
  }
  if (found.length === 0) {
    tools.ui.say('no template yet: pifarm template build --help')
    return exitCodes.done
  }
  const head = ['NAME', 'SOURCE', 'DATE', 'RELEASE', 'ARCH', 'KERNEL', 'SIZE', 'PIS']
  tools.ui.answer(
    showTable(head, found.map(row), {
      columns: tools.ui.columns,
      shortens: { NAME: 'middle', SOURCE: 'middle', RELEASE: 'end', KERNEL: 'end', PIS: 'end' },
      leavesOut: ['KERNEL', 'RELEASE', 'SIZE'],
    }),
  )
  return exitCodes.done
}

async function look(farm: Farm, tools: Tools, name: string): Promise<Listed> {
  const manifest = await readManifest(farm, tools.nas, name)
  const about = await aboutTree(await files(tools, templateRoot(farm, name)))
  return {
    name,
    isDefault: farm.defaults.template === name,
    source: manifest?.source.description,
    built: manifest?.built,
    release: about.release,
    architecture: about.architecture,
    kernels: about.kernels,
    bytes: manifest?.bytes,
    pis: farm.pis.flatMap((pi) => (pi.template === name ? [pi.name] : [])),
  }
}

/** Links inside a template must not lead the look out of it. */
async function files({ workshop }: Tools, top: string): Promise<Pick<Reader, 'read' | 'list'>> {
  return workshop.filesBelow(top)
}

function row(listed: Listed): string[] {
  return [
    listed.isDefault ? `${listed.name} *` : listed.name,
    listed.source ?? 'made by hand',
    listed.built?.slice(0, 10) ?? '-',
    listed.release,
    listed.architecture,
    listed.kernels.join(' ') || '-',
    listed.bytes === undefined ? '-' : prettyBytes(listed.bytes),
    listed.pis.join(' ') || '-',
  ]
}
