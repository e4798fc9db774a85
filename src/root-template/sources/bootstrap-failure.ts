import type { UserError } from '../../errors.ts'
import { fetchFailure } from '../fetch-failure.ts'

/** That something failed, which whoever called the one that failed says once more. */
const echo =
  /^E: (?:mmdebstrap failed to run|apt-get .* failed|Some index files failed|setup failed|run_chroot failed|Sub-process .* error code)/
/** The lists of an archive are renewed one after the other, and caches keep some of them too long. */
const betweenLists = /Mirror sync in progress|Hash Sum mismatch|File has unexpected size/

/** What went wrong in mmdebstrap, which marks it with E, after which it tells of its cleaning up. */
export function bootstrapFailure(code: number, stderr: string): UserError {
  const errors = stderr.split('\n').filter((line) => /^E: /.test(line))
  const first = errors.find((line) => !echo.test(line)) ?? errors.at(-1)
  return fetchFailure(
    'mmdebstrap',
    { code, stdout: '', stderr: first?.slice('E: '.length) ?? stderr },
    betweenLists.test(first ?? '')
      ? 'its lists do not fit one another just now: wait an hour, or name another archive with --mirror'
      : 'see that the NAS reaches deb.debian.org, or name a mirror with --mirror',
  )
}
