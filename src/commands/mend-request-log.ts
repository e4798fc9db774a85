import { exitCodes, UserError } from '../errors.ts'
import { type TftpComplaint, tftpComplaint } from '../netboot/tftp-health.ts'
import { nextRunId } from '../plan/journal.ts'
import { logRequests } from '../resources/tftp/request-log.ts'
import type { Tools } from '../tools.ts'
import { settle } from './change-farm.ts'
import { withCleanFarm } from './session.ts'

/**
 * Says why no Pi would be seen in the log, where that is so, rather than to wait in silence; with
 * `--fix` makes tftpd-hpa log its requests.
 */
export async function mendRequestLog(
  tools: Tools,
  options: { readonly config: string; readonly fix?: true },
): Promise<void> {
  const complaint = await tftpComplaint(tools.nas)
  if (complaint !== undefined) await mend(tools, complaint, options)
  else if (options.fix) tools.ui.say('the TFTP server logs its requests: nothing to fix')
}

async function mend(
  tools: Tools,
  complaint: TftpComplaint,
  options: { readonly config: string; readonly fix?: true },
): Promise<void> {
  const { nas, ui } = tools
  if (!options.fix || !complaint.canFix) {
    ui.warn(`${complaint.message}\n  ${complaint.hint}`)
    return
  }
  const code = await withCleanFarm(tools, options.config, async ({ farm }) => {
    const step = { ...(await logRequests(farm, nas)), resource: 'tftp' }
    const runId = await nextRunId(nas, farm.paths.state)
    return await settle(tools, { steps: [step], purge: [] }, { state: farm.paths.state, runId }, {})
  })
  if (code !== exitCodes.done)
    throw new UserError('the TFTP server still logs too little', { exitCode: code })
}

/**
 * Before a Pi's request is waited for: offers to make the TFTP server log it, which Debian's
 * tftpd-hpa does not. Under `--yes` it is done; where nobody can be asked it is only said.
 */
export async function offerRequestLog(
  tools: Tools,
  { config, yes }: { readonly config: string; readonly yes?: true },
): Promise<void> {
  const { nas, ui } = tools
  const complaint = await tftpComplaint(nas)
  if (complaint === undefined) return
  const question = `${complaint.message}, so no Pi would be heard. Make it log them?`
  const isWanted = complaint.canFix && (yes || (ui.canAsk && (await ui.confirm(question))))
  await mend(tools, complaint, isWanted ? { config, fix: true } : { config })
}
