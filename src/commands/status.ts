import { exitCodes } from '../errors.ts'
import { tftpComplaint } from '../netboot/tftp-health.ts'
import { type Health, healthOf } from '../plan/health.ts'
import { nextRunId } from '../plan/journal.ts'
import { type LooseEnds, lookLooseEnds } from '../plan/loose-ends.ts'
import { readOwned } from '../plan/owned.ts'
import type { Shared } from '../program.ts'
import { catalog } from '../resources/catalog.ts'
import type { Tools } from '../tools.ts'
import { type Status, showStatus, statusAsJson } from '../ui/show-status.ts'
import { needRoot, readFarmHere } from './session.ts'

interface StatusOptions extends Shared {
  readonly json?: true
}

/**
 * Whether anything is half done, and whether every part serves what farm.yaml says. Looks only and
 * takes no lock, so that it answers while a run is at work and after one was killed.
 */
export async function status(tools: Tools, options: StatusOptions): Promise<number> {
  const { nas, ui, fresh } = tools
  needRoot(tools, 'see all of the NAS')
  const { farm } = await readFarmHere(nas, options.config)
  const { state } = farm.paths
  const looseEnds = await lookLooseEnds(nas, state)
  const [owned, runId] = [await readOwned(nas, farm), await nextRunId(nas, state)]
  const isHalfDone = looseEnds.atWork !== undefined || looseEnds.cutOff !== undefined
  const look = { farm, nas, fresh, owned, runId, purge: false }
  const parts = await healthOf(look, catalog, { isHalfDone })
  const found: Status = {
    looseEnds,
    parts: await withTftpServer(tools, parts),
    pis: farm.pis.length,
    pending: farm.pis.filter((pi) => pi.serial === undefined).map(({ name }) => name),
  }
  ui.answer(options.json ? statusAsJson(found) : showStatus(found, ui.paint))
  return exitCodeOf(found)
}

/** No change of ours restarts the TFTP server, so that no probe looks at it. */
async function withTftpServer({ nas }: Tools, parts: readonly Health[]): Promise<Health[]> {
  const complaint = await tftpComplaint(nas)
  if (complaint === undefined) return [...parts]
  const line = `${complaint.message} (${complaint.hint})`
  return parts.map((health) => {
    if (health.part !== 'tftp') return health
    return complaint.kind === 'silent'
      ? { ...health, warnings: [...health.warnings, line] }
      : { ...health, wrong: [...health.wrong, line] }
  })
}

function exitCodeOf({ looseEnds, parts }: Status): number {
  const { cutOff, undeleted } = looseEnds
  if (needsHands(looseEnds)) return exitCodes.needsHands
  // What is about to be put back or applied may well be the cure.
  const isHalfDone = cutOff !== undefined || undeleted.length > 0
  if (isHalfDone || parts.some(({ pending = 0 }) => pending > 0)) return exitCodes.changesPending
  return parts.some(({ wrong }) => wrong.length > 0) ? exitCodes.needsHands : exitCodes.done
}

function needsHands({ atWork, cutOff, failed }: LooseEnds): boolean {
  return failed.length > 0 || (atWork === undefined && (cutOff?.strange.length ?? 0) > 0)
}
