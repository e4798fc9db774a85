import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import type { FarmText } from '../farm/farm-text.ts'
import type { FileEntry, Reader } from '../host/host.ts'
import { lockFile } from '../plan/at-work.ts'
import { recover } from '../plan/recover.ts'
import { cleanLeftovers } from '../root-template/leftovers.ts'
import type { Tools } from '../tools.ts'

/** A farm.yaml as it lies on the disk, as text with positions, and as a farm. */
export interface LoadedFarm {
  readonly entry: FileEntry
  readonly source: FarmText
  readonly farm: Farm
}

/**
 * Reads the farm. Throws a `UserError` with every mistake in it. `instead`: what a person may do who has
 * none.
 */
export async function readFarm(
  nas: Reader,
  config: string,
  instead = 'name another file with --config',
): Promise<LoadedFarm> {
  const entry = await nas.read(config)
  // An edit is a rename over the file: the link would be gone, and what it leads to the old text.
  if (entry?.kind === 'link')
    throw new UserError(`${config} is a link to ${quoted(entry.target)}`, {
      hint: 'name the file itself with --config',
    })
  if (entry?.kind !== 'file')
    throw new UserError(`there is no farm at ${config}`, {
      hint: `run \`pifarm init\`, or ${instead}`,
    })
  // Loaded only now: what parses and judges it is half of what a small command loads at all.
  const [{ readFarmText }, { farmFrom }] = await Promise.all([
    import('../farm/farm-text.ts'),
    import('../farm/load.ts'),
  ])
  const source = readFarmText(entry.text, config)
  return { entry, source, farm: farmFrom(source) }
}

/** The same for what looks at this NAS, or changes it: its paths must be what they are meant for. */
export async function readFarmHere(nas: Reader, config: string): Promise<LoadedFarm> {
  const loaded = await readFarm(nas, config)
  const { refuseMisplaced } = await import('./misplaced-paths.ts')
  await refuseMisplaced(nas, loaded.source, loaded.farm.paths)
  return loaded
}

/**
 * Works on the farm as the only run on this NAS. What a killed run left half done is put back
 * first, so that `work` sees a NAS that is whole.
 */
export async function withFarm<T>(
  tools: Tools,
  config: string,
  work: (loaded: LoadedFarm) => Promise<T>,
): Promise<T> {
  // Nobody else may look into its directories.
  needRoot(tools, 'change the NAS')
  const loaded = await readFarmHere(tools.nas, config)
  return await withLock(tools, loaded.farm.paths.state, async () => {
    const now = await tools.nas.read(config)
    const same = now?.kind === 'file' && now.text === loaded.entry.text
    return await work(same ? loaded : await readFarmHere(tools.nas, config))
  })
}

/** The same where something is changed: what cut-off builds and removals of templates left is deleted first. */
export async function withCleanFarm<T>(
  tools: Tools,
  config: string,
  work: (loaded: LoadedFarm) => Promise<T>,
): Promise<T> {
  return await withFarm(tools, config, async (loaded) => {
    for (const line of await cleanLeftovers(tools.nas, loaded.farm)) tools.ui.warn(line)
    return await work(loaded)
  })
}

/** Says so at once: half way it would be a permission denied somewhere. */
export function needRoot(tools: Tools, work: string): void {
  if (!tools.isRoot)
    throw new UserError(`only root can ${work}`, { hint: `run it as: sudo ${tools.command}` })
}

/** Takes back what a crash left, and does nothing else. */
export async function putBackCutOff(tools: Tools, config: string): Promise<void> {
  const { farm } = await readFarmHere(tools.nas, config)
  await withLock(tools, farm.paths.state, async () => {})
}

/** Holds the lock of a state directory, and takes back what a crash left, before `work`. */
export async function withLock<T>(tools: Tools, state: string, work: () => Promise<T>): Promise<T> {
  const holder = `${tools.command} (pid ${process.pid}, since ${tools.now().toISOString()})`
  const lock = await tools.nas.lock(lockFile(state), holder)
  if ('heldBy' in lock)
    throw new UserError(`another run is at work: ${lock.heldBy}`, {
      hint: 'wait for it to end, then run the command again',
      exitCode: exitCodes.locked,
    })
  try {
    const cutOff = await recover(tools.nas, state)
    if (cutOff !== undefined) tools.ui.warn(`put back what was cut off: ${cutOff}`)
    return await work()
  } finally {
    await lock.release()
  }
}
