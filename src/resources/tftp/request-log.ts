import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { needPrograms, programsOf } from '../../host/need-programs.ts'
import { nothing, type ResourcePlan } from '../../plan/change.ts'
import { fileShouldBe } from '../file-should-be.ts'
import { setWords } from '../shell-variable.ts'

/** Once names the file asked for, twice also says what was not found. */
const wanted = ['--verbose', '--verbose']

/**
 * Makes tftpd-hpa log every request. A person's other words in TFTP_OPTIONS stay. Not part of the
 * catalog: how much a daemon logs is the admin's to say, until `find-serial --fix` is asked for it.
 */
export async function logRequests(farm: Farm, nas: Reader): Promise<ResourcePlan> {
  await needPrograms(nas, programsOf(farm.services.tftp.restart))
  const path = farm.paths.tftpd_default
  const entry = await nas.read(path)
  const text = entry?.kind === 'file' ? entry.text : ''
  const after = setWords(text, path, 'TFTP_OPTIONS', withVerbose)
  const why = 'a Pi that asks for its files is seen in the log'
  const changes = await fileShouldBe(nas, { path, text: after, why })
  return {
    ...nothing,
    changes,
    // Also where the file says so already: then the daemon was not restarted since.
    reloads: [{ why: 'tftpd-hpa logs every request', argv: farm.services.tftp.restart }],
  }
}

function withVerbose(words: readonly string[]): readonly string[] {
  const count = words.reduce((sum, word) => sum + verbosity(word), 0)
  return [...words, ...wanted.slice(Math.min(count, wanted.length))]
}

function verbosity(word: string): number {
  if (word === '--verbose') return 1
  return /^-[a-zA-Z]+$/.test(word) ? word.split('v').length - 1 : 0
}
