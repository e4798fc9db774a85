import { readFile } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { type AgentSettings, agentSettings } from './agent-settings.ts'
import { type Board, readBoard } from './board.ts'

export interface SettingsPlaces {
  readonly config: string
  readonly cmdline: string
}

export interface ReadSettings {
  readonly settings: AgentSettings
  readonly board: Board
  /** Whether the configuration file is there: it need not be. */
  readonly hasConfig: boolean
}

/** Reads boot options, configuration file and board. */
export async function readSettings(places: SettingsPlaces): Promise<ReadSettings> {
  const board = await readBoard()
  const config = await textAt(places.config)
  const settings = agentSettings({
    cmdline: (await textAt(places.cmdline)) ?? '',
    config,
    configPath: places.config,
    serial: board.serial,
  })
  return { settings, board, hasConfig: config !== undefined }
}

async function textAt(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UserError(`${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
