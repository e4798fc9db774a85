import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { readMedia } from '../ffmpeg/read-media.ts'
import type { Inspection } from '../hls/inspect-rendition.ts'
import { type HlsVerdict, verifyHls } from '../hls/verify.ts'
import { addPictures } from './add-pictures.ts'
import { encodeRenditions } from './encode-renditions.ts'
import { finishedBy } from './finish-rendition.ts'
import type { MuxLimits, MuxOrder, MuxOutcome, MuxTools } from './mux-order.ts'
import { type MuxRecord, readMuxRecord, recordName } from './mux-record.ts'
import { type Encoded, muxResult } from './mux-result.ts'
import { freeBytes, MuxFailure, type MuxRun } from './mux-run.ts'
import { packageSound } from './package-sound.ts'
import { type MuxPlan, planHash } from './plan-mux.ts'
import { planOrder } from './plan-order.ts'
import { progressOf } from './progress.ts'
import { stageSound } from './stage-sound.ts'
import {
  clearPublished,
  discard,
  exists,
  fingerprint,
  openWorkspace,
  publish,
  restoreReplaced,
  scratchOf,
  type Workspace,
  writeWhole,
} from './workspace.ts'
import { writeMaster } from './write-master.ts'

const defaultLimits: MuxLimits = {
  stallSeconds: 90,
  timesDuration: 40,
  preset: 'veryfast',
  processors: cpus().length,
}

/**
 * Makes one video into a verified HLS directory. Killed at any point, the next call for the same job
 * goes on at the rendition it was at; until the very end nothing of it can be seen at `order.output`.
 */
export async function muxVideo(order: MuxOrder, tools: MuxTools): Promise<MuxOutcome> {
  try {
    return { kind: 'done', ...(await mux(order, tools)) }
  } catch (error) {
    if (tools.signal.aborted) return { kind: 'stopped' }
    const failure = error instanceof MuxFailure ? error : failureOf(error)
    return {
      kind: 'failed',
      reason: failure.reason,
      retryable: failure.retryable,
      detail: failure.message.slice(0, 4000),
      argv: failure.end.argv,
      logTail: failure.end.log,
    }
  }
}

/** What the filesystem refuses. Anything else is a fault of ours, and said in full. */
function failureOf(error: unknown): MuxFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new MuxFailure('DiskFull', (error as Error).message)
  if (['ENOENT', 'EIO', 'ESTALE', 'EROFS', 'EACCES', 'ENOTCONN'].includes(code))
    return new MuxFailure('MissingFile', (error as Error).message)
  throw error
}

type Made = Omit<Extract<MuxOutcome, { kind: 'done' }>, 'kind'>

async function mux(order: MuxOrder, tools: MuxTools): Promise<Made> {
  const { input, output, settings } = order
  const { log } = tools
  await restoreReplaced(output)
  const source = await stat(input).catch(() => undefined)
  if (source?.isFile() !== true)
    throw new MuxFailure('MissingFile', `no file ${input}`, { retryable: false })
  const print = await fingerprint(input)
  const published = await readMuxRecord(output)
  // Published by an attempt that was killed before it could say so.
  if (published?.jobId === order.jobId && published.fingerprint === print) {
    await clearPublished(output, scratchOf(order))
    return { result: published.result, argv: [] }
  }
  if (settings.onExists === 'fail' && (await exists(output)))
    throw new MuxFailure('DirectoryExists', `${output} is there already`, { retryable: false })

  const report = progressOf(tools.onProgress)
  report('probe', 0)
  const media = await readMedia(tools, input)
  if ('argv' in media)
    throw new MuxFailure('ProbeFailed', `ffprobe does not know ${input}`, {
      retryable: false,
      end: media,
    })
  const warnings: string[] = []
  const plan = planOrder(order, media)
  await unchanged(input, print)
  const space = await openWorkspace(order)
  const limits = { ...defaultLimits, ...tools.limits }
  const warn = (line: string) => {
    log(`warning: ${line}`)
    warnings.push(line)
  }
  const run: MuxRun = { order, tools, limits, plan, space, report, warn }
  plan.warnings.forEach(warn)
  try {
    await keepOrClear(space, { fingerprint: print, plan: planHash(plan) })
    await checkRoom(run)
    const encoded = await makeRenditions(run)
    if (plan.video !== undefined) {
      report('pictures', 0)
      await addPictures(run, plan.video)
    }
    report('playlists', 0)
    const inspected = await writeMaster(run)
    report('verify', 0)
    const verdict = await verified(run, inspected)
    await unchanged(input, print)
    const result = await muxResult(run, { verdict, encoded, warnings })
    const record: MuxRecord = { jobId: order.jobId, fingerprint: print, result }
    await writeWhole(join(space.dir, recordName), `${JSON.stringify(record, null, 2)}\n`)
    report('publish', 0)
    tools.signal.throwIfAborted()
    await publishOnce(run)
    return { result, argv: encoded.argv }
  } catch (error) {
    await clearAfter(space, error)
    throw error
  }
}

async function unchanged(input: string, print: string): Promise<void> {
  if ((await fingerprint(input)) !== print)
    throw new MuxFailure('InputUnstable', `${input} changed while it was read`)
}

/** What an earlier attempt left is good for the same input and the same plan only. */
async function keepOrClear(
  { dir, notes }: Workspace,
  state: Readonly<Record<string, string>>,
): Promise<void> {
  const path = join(notes, 'state.json')
  const now = JSON.stringify(state)
  if ((await readFile(path, 'utf8').catch(() => '')) === now) return
  for (const name of await readdir(dir))
    if (join(dir, name) !== notes) await rm(join(dir, name), { recursive: true, force: true })
  for (const name of await readdir(notes))
    await rm(join(notes, name), { recursive: true, force: true })
  await writeWhole(path, now)
}

async function checkRoom(run: MuxRun): Promise<void> {
  const { plan, order } = run
  let kbps = 0
  for (const rendition of plan.video?.renditions ?? [])
    if ((await finishedBy(run, rendition.names)) === undefined) kbps += rendition.kbps + 150
  if (plan.video === undefined) kbps = 250
  const needed = kbps * 125 * plan.seconds
  const free = await freeBytes(dirname(order.output))
  if (free < needed)
    throw new MuxFailure(
      'DiskFull',
      `about ${Math.ceil(needed / 1e6)} MB are needed beside ${order.output}, ${Math.floor(free / 1e6)} MB are free`,
    )
}

async function makeRenditions(run: MuxRun): Promise<Encoded> {
  const { plan } = run
  const all = [...(plan.video?.renditions ?? []), ...soundRenditions(plan)]
  const done = await Promise.all(all.map((each) => finishedBy(run, each.names)))
  if (done.includes(undefined)) await stageSound(run)
  const fallbacks = plan.video === undefined ? [] : await encodeRenditions(run, plan.video)
  await packageSound(run)
  const [best] = all
  const made = best === undefined ? undefined : await finishedBy(run, best.names)
  return { encoder: made?.encoder ?? '', argv: made?.argv ?? [], fallbacks }
}

function soundRenditions({ sound }: MuxPlan) {
  return sound.kind === 'group' || sound.kind === 'only' ? sound.tracks : []
}

async function verified(
  run: MuxRun,
  inspected: ReadonlyMap<string, Inspection>,
): Promise<HlsVerdict> {
  const { plan, space, tools } = run
  const verdict = await verifyHls(space.dir, {
    expectSeconds: plan.seconds,
    inspected,
    decode: { programs: tools, extent: 'ends' },
  })
  for (const problem of verdict.problems) tools.log(`problem: ${problem}`)
  for (const warning of verdict.warnings) run.warn(warning)
  if (verdict.problems.length === 0) return verdict
  if ((await freeBytes(space.dir)) < 1 << 20)
    throw new MuxFailure('DiskFull', `no room is left: ${verdict.problems[0]}`)
  throw new MuxFailure('VerifyFailed', verdict.problems.join('; '))
}

async function publishOnce({ order, space }: MuxRun): Promise<void> {
  try {
    await publish(space, order.output, order.settings.onExists === 'replace')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // NFS may send a rename twice; the second time the source is gone, being in its place.
    if (code === 'ENOENT' && (await readMuxRecord(order.output))?.jobId === order.jobId) return
    if (code === 'ENOTEMPTY' || code === 'EEXIST')
      throw new MuxFailure('DirectoryExists', `${order.output} appeared meanwhile`, {
        retryable: false,
      })
    throw error
  }
}

/** What is finished serves the next attempt, unless it was found bad or there is none. */
async function clearAfter(space: Workspace, error: unknown): Promise<void> {
  await rm(space.scratch, { recursive: true, force: true }).catch(() => {})
  if (!(error instanceof MuxFailure)) return
  if (error.reason === 'VerifyFailed' || error.reason === 'InputUnstable' || !error.retryable)
    await discard(space).catch(() => {})
}
