import type { Host } from '../../host/host.ts'
import type { Workshop } from '../../host/workshop.ts'
import type { Report } from '../../ui/ui.ts'
import { type Packing, unpackArgv } from '../decompress.ts'
import { fetchFailure } from '../fetch-failure.ts'
import type { FetchTo } from '../source.ts'
import { imageIn } from './zip.ts'

/** An image as it lies on the NAS, or as it was unpacked. */
export interface ImageFile {
  readonly path: string
  readonly size: number
  readonly packing: Packing
}

/** A guess at how much larger a packed image gets; it decides only whether to begin. */
const unpackedFactor = 5

/** Told by the file itself where its form does so. */
export async function unpackedSize(nas: Host, { path, size, packing }: ImageFile): Promise<number> {
  const asked: Partial<Record<Packing, readonly [readonly string[], RegExp]>> = {
    xz: [['xz', '--robot', '--list', path], /^totals(?:\t\d+){3}\t(\d+)\t/m],
    zip: [['unzip', '-Zt', path, ...imageIn], /(\d+) bytes uncompressed/],
  }
  const [argv, pattern] = asked[packing] ?? []
  const { stdout } = argv === undefined ? { stdout: '' } : await nas.ask(argv)
  return Number(pattern?.exec(stdout)?.[1]) || size * unpackedFactor
}

/** Unpacked beside the tree: a filesystem can only be read where it can be sought in. */
export async function unpack(
  nas: Host,
  workshop: Workshop,
  file: ImageFile,
  { scratch, log }: FetchTo,
  report: Report,
  signal: AbortSignal,
): Promise<ImageFile> {
  const { path, size, packing } = file
  const image = `${scratch}/image`
  const total = packing === 'zip' ? await unpackedSize(nas, file) : size
  const progress = (done: number) => report({ done, total, part: 'unpacking' })
  const output = await workshop.work(
    packing === 'zip'
      ? {
          argv: ['unzip', '-p', path, ...imageIn],
          output: image,
          log,
          written: progress,
        }
      : {
          argv: packing === 'none' ? [] : unpackArgv[packing],
          input: path,
          output: image,
          log,
          progress,
        },
    signal,
  )
  if (output.code !== 0)
    throw fetchFailure(`unpacking ${path}`, output, 'it may not have been fetched whole')
  return { path: image, size: (await workshop.sizeOf(image)) ?? 0, packing: 'none' }
}
