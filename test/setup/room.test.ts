import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'

const setup = join(import.meta.dirname, '../setup.js')
const small = mkdtempSync(join(tmpdir(), 'pifarm-small-'))
afterAll(() => rmdirSync(small))
const smallDisk = `mount -t tmpfs -o size=64m small ${small}`
const smallMemory = `sed 's/^MemAvailable:.*/MemAvailable: 1048576 kB/' /proc/meminfo >${small}/meminfo`

test.each([
  {
    what: 'of temporary files',
    machine: smallDisk,
    env: { TMPDIR: small },
    said: `2 GB in ${small} for the disk of the NAS: there are 0.1 GB (TMPDIR`,
  },
  {
    what: 'of a cache',
    machine: smallDisk,
    env: { XDG_CACHE_HOME: small },
    said: `8 GB of disk for ${small}/pifarm-test/e2e: there are 0.1 GB (XDG_CACHE_HOME`,
  },
  {
    what: 'in memory',
    machine: `${smallDisk} && ${smallMemory} && mount --bind ${small}/meminfo /proc/meminfo`,
    env: {},
    said: '3 GB of free memory: there are 1.0 GB',
  },
  {
    what: 'for no tunnel',
    machine: `${smallDisk} && { [ ! -d /dev/net ] || mount --bind ${small} /dev/net; }`,
    env: {},
    said: '/dev/net/tun: load its module',
  },
])('too little room $what is said before anything is done', async ({ machine, env, said }) => {
  const script = `${machine} && exec "$0" "$1" box-uml`
  const argv = ['--mount', 'bash', '-c', script, process.execPath, setup]
  const { exitCode, stderr } = await execa('unshare', argv, { env, reject: false })
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(said)])
})
