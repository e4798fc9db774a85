import { readFile, statfs } from 'node:fs/promises'
import type { MediaShare } from '../share/media-share.ts'
import type { Surroundings } from './agent-state.ts'

export interface Around {
  readonly share: Pick<MediaShare, 'look'>
  readonly lockFile: string
  readonly scratchDir: string
  /** Why this machine cannot work at all, however the share is; null: it can. */
  readonly unable: string | null
}

/** Looks at everything that decides whether this muxer may and can work. */
export async function lookAround({
  share,
  lockFile,
  scratchDir,
  unable,
}: Around): Promise<Surroundings> {
  const [media, locked, celsius, throttled, tmpFreeBytes] = await Promise.all([
    share.look(),
    readLock(lockFile),
    readCelsius(),
    readThrottled(),
    freeBytes(scratchDir),
  ])
  const trouble = unable ?? media.trouble
  return {
    state: { locked, trouble: trouble?.slice(0, 500) ?? null, celsius, throttled },
    able: unable === null,
    tmpFreeBytes,
    share: media.share,
    mount: media.mount,
  }
}

/** The reason that the lock file holds; null where there is none. One that cannot be read locks too. */
export async function readLock(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    return text.slice(0, 500) || `${path} is there`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : `${path} is there (${code})`
  }
}

async function readCelsius(): Promise<number | null> {
  const text = await readFile('/sys/class/thermal/thermal_zone0/temp', 'utf8').catch(() => '')
  const thousandths = Number.parseInt(text, 10)
  return Number.isNaN(thousandths) ? null : Math.round(thousandths / 100) / 10
}

/** Under-voltage, capped, throttled or too hot at this moment; the higher bits are history. */
async function readThrottled(): Promise<boolean | null> {
  const path = '/sys/devices/platform/soc/soc:firmware/get_throttled'
  const bits = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 16)
  return Number.isNaN(bits) ? null : (bits & 0xf) !== 0
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize
}
