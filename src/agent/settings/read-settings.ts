import { readFile } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { type AgentSettings, agentSettings } from './agent-settings.ts'
import { type Board, readBoard } from './board.ts'

export interface SettingsPlaces {
  readonly config: string
  readonly cmdline: string
}

/** Reads boot options, configuration file and board. */
export async function readSettings(
  places: SettingsPlaces,
): Promise<{ readonly settings: AgentSettings; readonly board: Board }> {
  const board = await readBoard()
  const settings = agentSettings({
    cmdline: (await textAt(places.cmdline)) ?? '',
    config: await textAt(places.config),
    configPath: places.config,
    serial: board.serial,
  })
  return { settings, board }
}

async function textAt(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UserError(`${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
