import { type DatabaseAddress, nameOf } from '../../controller/db/database.ts'
import { exportTo, importFrom } from '../../controller/move/move-queue.ts'
import { exitCodes } from '../../errors.ts'
import type { Shared } from '../../program.ts'
import type { Tools } from '../../tools.ts'
import { databaseOf } from '../controller/database-of.ts'
import { needRoot, readFarm } from '../session.ts'

interface MoveOptions extends Shared {
  readonly file: string
  readonly db?: string
}

/** Writes the queue into a file, for another database. */
export async function exportJobs(tools: Tools, options: MoveOptions): Promise<number> {
  const address = await databaseFor(tools, options)
  const { jobs } = await exportTo(options.file, address, tools.signal)
  tools.ui.say(`exported ${jobs} jobs from ${nameOf(address)} to ${options.file}`)
  if (address.kind === 'postgresql')
    tools.ui.say('what controllers of that database do from now on is not in it')
  return exitCodes.done
}

/** Fills a new database with an exported queue. */
export async function importJobs(tools: Tools, options: MoveOptions): Promise<number> {
  const address = await databaseFor(tools, options)
  const { jobs } = await importFrom(options.file, address, tools.signal)
  tools.ui.say(`imported ${jobs} jobs into ${nameOf(address)}`)
  return exitCodes.done
}

/** What the unit of the controller reads. */
const environment = '/etc/pifarm/controller.env'

/** The database of this NAS's controller, unless the flag names another. */
async function databaseFor(tools: Tools, { db, config }: MoveOptions): Promise<DatabaseAddress> {
  if (db !== undefined) return databaseOf(db, undefined, '')
  if (tools.env?.DATABASE_URL) return databaseOf(undefined, tools.env.DATABASE_URL, '')
  needRoot(tools, 'move the queue of the NAS')
  const { farm } = await readFarm(
    tools.nas,
    config,
    'name a database: --db FILE, or DATABASE_URL=postgresql://...',
  )
  const entry = await tools.nas.read(environment)
  const text = entry?.kind === 'file' ? entry.text : ''
  const url = [...text.matchAll(/^\s*DATABASE_URL=(["']?)(.*?)\1\s*$/gm)].at(-1)?.[2]
  return databaseOf(undefined, url, farm.controller.database)
}
