import type { Farm } from '../../farm/farm.ts'
import type { Entry, Reader } from '../../host/host.ts'

/** What would keep Pis from booting and is not pifarm's to change. */
export async function tftpWarnings(
  farm: Farm,
  nas: Reader,
  present: ReadonlyMap<string, Entry['kind']>,
): Promise<string[]> {
  return [
    ...strangerWarnings(farm, present),
    ...piWarnings(farm),
    ...(await rootWarnings(farm, nas)),
    ...(await netkitWarnings(nas)),
    ...(await daemonWarnings(farm, nas)),
  ]
}

/** With these right in the TFTP root a Pi that nobody has added boots all the same, as no one. */
function strangerWarnings({ paths }: Farm, present: ReadonlyMap<string, unknown>): string[] {
  return [...present.keys()]
    .filter((name) => /^(?:start.*\.elf|kernel.*\.img|config\.txt)$/.test(name))
    .sort()
    .map((name) => `${paths.tftp}/${name} lets a Pi boot that is not in the farm: move it away`)
}

function piWarnings({ pis }: Farm): string[] {
  const named = (wrong: (pi: Farm['pis'][number]) => boolean) =>
    pis
      .filter(wrong)
      .map(({ name }) => name)
      .join(', ')
  // The firmware that small shares of memory select has no codecs in it.
  const small = named(({ gpu_mem, model }) => gpu_mem < 64 && model !== '5')
  const useless = named(
    ({ decode_mpg2, decode_wvc1, model }) =>
      (decode_mpg2 ?? decode_wvc1) !== undefined && !model.startsWith('3'),
  )
  return [
    ...(small === '' ? [] : [`below 64 MB of gpu_mem there are no hardware codecs: ${small}`]),
    ...(useless === '' ? [] : [`a Pi 4 or 5 has no use for codec licence keys: ${useless}`]),
  ]
}

async function rootWarnings({ paths }: Farm, nas: Reader): Promise<string[]> {
  const entry = await nas.read(paths.tftp)
  if (entry?.kind !== 'dir' || (entry.mode & 0o001) !== 0) return []
  return [`the TFTP daemon cannot enter ${paths.tftp}: chmod o+x ${paths.tftp}`]
}

async function netkitWarnings(nas: Reader): Promise<string[]> {
  const files = await nas.read('/var/lib/dpkg/info/tftpd.list')
  if (files?.kind !== 'file' || !files.text.includes('/in.tftpd')) return []
  return [
    'the package tftpd knows no TFTP options, which Pis need since 2020: apt install tftpd-hpa',
  ]
}

async function daemonWarnings({ paths }: Farm, nas: Reader): Promise<string[]> {
  const path = paths.tftpd_default
  const entry = await nas.read(path)
  if (entry?.kind !== 'file') return []
  const directory = settingOf(entry.text, 'TFTP_DIRECTORY') ?? paths.tftp
  const options = (settingOf(entry.text, 'TFTP_OPTIONS') ?? '').split(/\s+/)
  const warnings: string[] = []
  if (directory.replace(/\/+$/, '') !== paths.tftp)
    warnings.push(
      `${path} serves ${JSON.stringify(directory)}, and farm.yaml says paths.tftp: ${paths.tftp}`,
    )
  if (!options.some((word) => word === '--secure' || /^-[lcv]*s/.test(word)))
    warnings.push(
      `${path} has no --secure in TFTP_OPTIONS: Pis ask by relative names, refused then`,
    )
  if (options.reduce((count, word) => count + verbosity(word), 0) < 2)
    warnings.push(`${path} needs -vv in TFTP_OPTIONS, or find-serial does not see what is missing`)
  return warnings
}

/** The last assignment counts, as for the shell that reads the file. */
function settingOf(text: string, key: string): string | undefined {
  const lines = text.matchAll(new RegExp(`^[ \\t]*${key}=(["']?)(.*?)\\1[ \\t]*$`, 'gm'))
  return [...lines].at(-1)?.[2]
}

function verbosity(word: string): number {
  if (word === '--verbose') return 1
  return /^-[lcsv]+$/.test(word) ? word.split('v').length - 1 : 0
}
