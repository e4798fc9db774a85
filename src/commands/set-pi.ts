import { quoted, UserError } from '../errors.ts'
import * as edit from '../farm/edit.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import type { PiSettings } from '../farm/farm-schema.ts'
import { hostName } from '../farm/schema.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { questionPair, refuseTaken } from './add-pi.ts'
import { changeFarm } from './change-farm.ts'
import { flag, type PiOptions, readPiOptions } from './pi-options.ts'
import { withCleanFarm, withFarm } from './session.ts'

interface SetPiOptions extends PiOptions, Shared {
  /** The name it has. */
  readonly pi: string
  /** Another one. */
  readonly name?: string
  readonly unset?: readonly string[]
  readonly plan?: true
}

/** What a Pi can do without: the farm's default takes its place. */
const optional = [
  'serial',
  'template',
  'model',
  'muxhwdec',
  'gpu_mem',
  'decode_mpg2',
  'decode_wvc1',
  'root_options',
  'cmdline_extra',
]

/** Changes the settings of one Pi. */
export async function setPi(tools: Tools, options: SetPiOptions): Promise<number> {
  const name = flag('--name', hostName, options.name)
  const wanted = { ...readPiOptions(options), ...(name && { name }) } as Partial<PiSettings>
  const cleared = Object.fromEntries(
    (options.unset ?? []).map((key) => [unsettable(key, wanted), undefined]),
  )
  const session = options.plan ? withFarm : withCleanFarm
  return await session(tools, options.config, async (loaded) => {
    const pi = piNamed(loaded.farm, options.pi)
    if (wanted.template !== undefined && wanted.template !== pi.template)
      throw new UserError(`${pi.name} has a root cloned from ${quoted(pi.template)}`, {
        hint: 'another template means another root: remove-pi, then add-pi --template',
      })
    refuseTaken(loaded, wanted, pi)
    const [mac, serial] = [wanted.mac ?? pi.mac, wanted.serial ?? pi.serial]
    if (serial !== undefined && (mac !== pi.mac || serial !== pi.serial))
      await questionPair(tools, wanted.model ?? pi.model, mac, serial)
    const edited = edit.setPi(loaded.source, pi.name, { ...wanted, ...cleared } as edit.PiEdit)
    const isRenamed = name !== undefined && name !== pi.name
    const { code } = await changeFarm(tools, loaded, edited, {
      planOnly: options.plan === true,
      ...(isRenamed && { renamed: new Map([[name, pi.name]]) }),
    })
    return code
  })
}

/** The Pi of that name, whatever its case. */
export function piNamed(farm: Farm, name: string): Pi {
  const pi = farm.pis.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase())
  if (pi === undefined)
    throw new UserError(`there is no Pi ${quoted(name)} in ${farm.file}`, {
      hint: 'see all with: pifarm list',
    })
  return pi
}

function unsettable(key: string, wanted: Partial<PiSettings>): string {
  const name = key.replaceAll('-', '_')
  if (name in wanted) throw new UserError(`--unset ${quoted(key)}: given a value at the same time`)
  if (optional.includes(name)) return name
  throw new UserError(`--unset ${quoted(key)}: not a setting that can be left out`, {
    hint: `one of ${optional.join(', ')}`,
  })
}
