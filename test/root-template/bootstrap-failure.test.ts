import { expect, test } from 'vitest'
import { bootstrapFailure } from '../../src/root-template/sources/bootstrap-failure.ts'

const unlike = `E: Failed to fetch http://security.debian.org/debian-security/dists/bookworm-security/main/binary-armhf/Packages.xz  File has unexpected size (334084 != 354640). Mirror sync in progress? [IP: 203.0.113.80 80]`

test.each([
  [
    'lists that do not fit one another',
    `${unlike}\n   Hashes of expected file:\n    - Filesize:354640 [weak]
E: Some index files failed to download. They have been ignored, or old ones used instead.
E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run\n`,
    `mmdebstrap failed: ${unlike.slice(3)}`,
    /wait an hour/,
  ],
  [
    'a package that is not there',
    'E: Unable to locate package nodejz\nE: run_chroot failed: E: apt-get install failed\nE: mmdebstrap failed to run\n',
    'mmdebstrap failed: Unable to locate package nodejz',
    /--mirror/,
  ],
  [
    'a disk that is full',
    'E: cannot copy to archives directory (No space left on device)\nE: mmdebstrap failed to run\n',
    'mmdebstrap failed: cannot copy to archives directory (No space left on device)',
    /the disk of the roots is full/,
  ],
  [
    'nothing but that it failed',
    'E: mmdebstrap failed to run\n',
    'mmdebstrap failed: mmdebstrap failed to run',
    /--mirror/,
  ],
  ['no word', '', 'mmdebstrap failed: it ended with 25', /--mirror/],
])('%s', (_, stderr, message, hint) => {
  expect(bootstrapFailure(25, stderr)).toMatchObject({
    message,
    hint: expect.stringMatching(hint),
  })
})
