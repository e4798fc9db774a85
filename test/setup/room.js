import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cache, stop } from './run.js'

const gigabyte = 1024 ** 3

/** What a farm in a box takes of this machine, said before minutes are spent on it (docs/farm-in-a-box.md). */
export function needRoom() {
  const lacking = []
  if (process.arch !== 'x64') lacking.push(`a processor of the amd64 kind: this is ${process.arch}`)
  if (!existsSync('/dev/net/tun'))
    lacking.push('/dev/net/tun: load its module (modprobe tun), or give the container the device')
  const memory = freeMemory()
  if (memory < 3 * gigabyte) lacking.push(`3 GB of free memory: there are ${inGigabytes(memory)}`)
  const images = join(cache, 'e2e')
  const disk = freeBelow(images) + takenBy(images)
  if (disk < 8 * gigabyte)
    lacking.push(
      `8 GB of disk for ${images}: there are ${inGigabytes(disk)} (XDG_CACHE_HOME names another place)`,
    )
  const temporary = freeBelow(tmpdir())
  if (temporary < 2 * gigabyte)
    lacking.push(
      `2 GB in ${tmpdir()} for the disk of the NAS: there are ${inGigabytes(temporary)} (TMPDIR names another place)`,
    )
  if (lacking.length > 0)
    stop('for a farm in a box this machine lacks', ...lacking.map((one) => `  ${one}`))
}

/** Where this runs in a container, what that may take. */
function freeMemory() {
  const available = /^MemAvailable: *(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(Number(available) * 1024, limit)
}

/** Of a directory that need not be there yet. */
function freeBelow(path) {
  if (!existsSync(path)) return freeBelow(dirname(path))
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** What was made before need not be made again. */
function takenBy(path) {
  if (!existsSync(path)) return 0
  return Number.parseInt(spawnSync('du', ['-s', '-B1', path], { encoding: 'utf8' }).stdout, 10)
}

function inGigabytes(bytes) {
  return `${(bytes / gigabyte).toFixed(1)} GB`
}
