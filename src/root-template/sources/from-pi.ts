import prettyBytes from 'pretty-bytes'
import { exitCodes, UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { needPrograms } from '../../host/need-programs.ts'
import type { Remote, RemoteStream } from '../../host/remote.ts'
import type { Workshop } from '../../host/workshop.ts'
import { visible } from '../../ui/visible.ts'
import { fetchFailure } from '../fetch-failure.ts'
import type { Source } from '../source.ts'
import { extractArgv, faithful } from '../tar-argv.ts'
import { type PiFacts, surveyPi } from './survey-pi.ts'

/**
 * A Pi that runs from its card, the article's way. Its root and boot partition come as a tar stream
 * straight to the NAS: the card needs no room for it and is not written to.
 */
export function fromPi(
  nas: Host,
  workshop: Workshop,
  { user, host }: { readonly user: string; readonly host: string },
  connect: (signal: AbortSignal) => Promise<Remote>,
): Source {
  let remote: Remote | undefined
  let facts: PiFacts | undefined
  const where = `${user}@${host}`
  return {
    kind: 'pi',
    description: where,
    async survey(signal) {
      await needPrograms(nas, ['tar'])
      remote = await connect(signal)
      facts = await surveyPi(remote, { user, host })
      return { bytes: facts.bytes, facts: tell(facts) }
    },
    async fetch({ into, log }, report, signal) {
      if (remote === undefined || facts === undefined) throw new Error('fetched before the survey')
      const total = facts.bytes
      const { bytes, ended } = remote.read([...facts.sudo, ...packArgv(facts)], signal)
      const packed: Packed[] = []
      void ended.then((end) => packed.push(end))
      const output = await workshop.work(
        {
          argv: extractArgv(into),
          input: bytes,
          log,
          progress: (done) => report({ done, total }),
        },
        signal,
      )
      if (output.code !== 0) {
        // A tar that failed there comes to an end here as an archive that is cut off, or is none.
        for (const end of packed) judge(where, end)
        throw fetchFailure(`unpacking what ${where} sent`, output)
      }
      return { sha256: undefined, notes: [...judge(where, await ended), ...leftOut(facts)] }
    },
    close: () => remote?.close(),
  }
}

/** `/` of its own filesystem alone, without /proc and its like; the boot partition is named beside it. */
function packArgv({ boot, swapFiles }: PiFacts): readonly string[] {
  return [
    'tar',
    '-c',
    '-f',
    '-',
    '--one-file-system',
    ...faithful,
    '--warning=no-file-ignored',
    ...swapFiles.map((path) => `--exclude=.${path}`),
    ...['-C', '/', '.'],
    ...(boot === undefined ? [] : [`.${boot}`]),
  ]
}

type Packed = Awaited<RemoteStream['ended']>

/** What a tar that went through had to say. Throws where it failed. */
function judge(where: string, { code, stderr }: Packed): string[] {
  if (code === 0) return []
  const lines = stderr.trim().split('\n').map(visible)
  // tar ends with 1 where a file changed under it, as logs do on a machine that runs.
  if (code === 1) return lines.filter((line) => line !== '').slice(0, 10)
  throw new UserError(`tar on ${where} failed: ${lines.at(-1) || `it ended with ${code}`}`, {
    hint: 'its card may be failing: look at dmesg there',
    exitCode: exitCodes.putBack,
  })
}

function leftOut({ swapFiles }: PiFacts): string[] {
  return swapFiles.map((path) => `left out the swap file ${path}`)
}

function tell(facts: PiFacts): string[] {
  const { model, serial, mac, release, bytes, bytesFree, swapFiles } = facts
  return [
    `${visible(model)}, serial ${serial ?? 'unknown'}, MAC ${mac ?? 'unknown'}`,
    `${visible(release)}, ${prettyBytes(bytes)} used, ${prettyBytes(bytesFree)} free, swap ${swapFiles.join(' ') || 'none'}`,
    ...(mac === undefined
      ? []
      : [
          `to put it into the farm: pifarm add-pi --mac ${mac}${serial === undefined ? '' : ` --serial ${serial}`}`,
        ]),
  ]
}
