import type { Board } from './boot-report.ts'
import { type Cmdline, readCmdline } from './cmdline.ts'
import { type ConfigTxt, configTxtLimit, noConfig, readConfigTxt } from './config-txt.ts'
import { armStub, deviceTree, initramfsFiles, kernelFiles } from './firmware-files.ts'
import { type KernelImage, readKernelImage } from './kernel-image.ts'
import type { OwnFiles } from './own-files.ts'
import type { Stop } from './stop.ts'

/** What the firmware hands over to, as far as it got. */
export interface Handover {
  readonly config: ConfigTxt
  readonly cmdline: Cmdline | undefined
  readonly kernel: string | undefined
  readonly image: KernelImage | undefined
  /** The kernel and its initramfs by name. */
  readonly loaded: ReadonlyMap<string, Buffer>
  readonly initramfs: string | undefined
  /** The device tree that came. */
  readonly deviceTree: string | undefined
  readonly stopped: Stop | undefined
}

const mostIncludes = 8
/** In bytes; no kernel of a Pi reads as many. */
const cmdlineLimit = 4096

/** What start.elf does, and the EEPROM of a Pi 5: reads config.txt and fetches what the kernel needs. */
export async function startElf(own: OwnFiles, board: Board): Promise<Handover> {
  const config = await fetchConfig(own, board)
  await own.fetch('start', 'dt-blob.bin')
  await own.fetch('start', 'bootcfg.txt')
  const prefix = config.settings.get('os_prefix') ?? ''
  const tree = await fetchTrees(own, board, config, prefix)
  const cmdline = await fetchCmdline(own, config, prefix)
  const kernel = await fetchKernel(own, board, config, prefix)
  const loaded = new Map<string, Buffer>()
  if (kernel) loaded.set(kernel.name, kernel.bytes)
  const initramfs = kernel && (await fetchInitramfs(own, config, kernel.name, prefix, loaded))
  const stopped =
    kernel === undefined
      ? withoutKernel(own, board, config, prefix)
      : cmdline === undefined
        ? withoutCmdline(own, config, prefix)
        : undefined
  const image = kernel && readKernelImage(kernel.bytes)
  return {
    config,
    cmdline,
    kernel: kernel?.name,
    image,
    loaded,
    initramfs,
    deviceTree: tree,
    stopped,
  }
}

/** config.txt with what it includes: start.elf follows `include`, bootcode.bin does not. */
async function fetchConfig(own: OwnFiles, board: Board): Promise<ConfigTxt> {
  const bytes = await own.fetch('start', 'config.txt')
  if (!bytes) return noConfig
  if (bytes.length > configTxtLimit)
    own.warnings.push(
      `config.txt has ${bytes.length} bytes: those past ${configTxtLimit} are not read`,
    )
  const included = new Map<string, Buffer>()
  for (let round = 0; round <= mostIncludes; round += 1) {
    const config = readConfigTxt(bytes, board, included)
    const next = config.includes.find((file) => !included.has(file))
    if (next === undefined) return config
    included.set(next, (await own.want('start', next, 'include')) ?? Buffer.alloc(0))
  }
  return readConfigTxt(bytes, board, included)
}

async function fetchTrees(
  own: OwnFiles,
  board: Board,
  config: ConfigTxt,
  prefix: string,
): Promise<string | undefined> {
  const tree = prefix + deviceTree(config, board.model)
  const came = await own.want('start', tree, 'device-tree')
  const overlays = prefix + (config.settings.get('overlay_prefix') ?? 'overlays/')
  await own.fetch('start', `${overlays}overlay_map.dtb`)
  for (const overlay of config.overlays)
    await own.want('start', `${overlays}${overlay}.dtbo`, 'overlay')
  return came ? tree : undefined
}

async function fetchCmdline(
  own: OwnFiles,
  config: ConfigTxt,
  prefix: string,
): Promise<Cmdline | undefined> {
  const bytes = await own.need('start', prefix + cmdlineFile(config), 'cmdline')
  if (!bytes) return undefined
  const text = bytes.toString('utf8', 0, cmdlineLimit)
  if (text.trim().includes('\n'))
    own.warnings.push('cmdline.txt has more than one line: only the first is read')
  return readCmdline(text)
}

async function fetchKernel(
  own: OwnFiles,
  board: Board,
  config: ConfigTxt,
  prefix: string,
): Promise<{ readonly name: string; readonly bytes: Buffer } | undefined> {
  const names = kernelFiles(config, board.model)
  for (const [at, name] of names.entries()) {
    const bytes = await own.fetch('start', prefix + name)
    if (!bytes) continue
    for (const better of names.slice(0, at)) own.lacks(prefix + better, 'better-kernel')
    await own.fetch('start', prefix + armStub(name))
    return { name, bytes }
  }
  for (const name of names) own.lacks(prefix + name, 'kernel')
  return undefined
}

/** Adds them to what was loaded; answers the first one where all came. */
async function fetchInitramfs(
  own: OwnFiles,
  config: ConfigTxt,
  kernel: string,
  prefix: string,
  loaded: Map<string, Buffer>,
): Promise<string | undefined> {
  const names = initramfsFiles(config, kernel)
  for (const name of names) {
    const bytes = await own.want('start', prefix + name, 'initramfs')
    if (bytes) loaded.set(name, bytes)
  }
  return names.every((name) => loaded.has(name)) ? names[0] : undefined
}

function withoutKernel(own: OwnFiles, board: Board, config: ConfigTxt, prefix: string): Stop {
  const names = kernelFiles(config, board.model)
  const what = `no kernel: ${names.join(', ')} did not come`
  const files = names.map((name) => prefix + name)
  return own.stop('start', files, 'no-kernel', what)
}

function withoutCmdline(own: OwnFiles, config: ConfigTxt, prefix: string): Stop {
  const file = prefix + cmdlineFile(config)
  const what = `${own.path(file)} did not come, so the kernel would find no root`
  return own.stop('start', [file], 'no-cmdline', what)
}

function cmdlineFile({ settings }: ConfigTxt): string {
  return settings.get('cmdline') || 'cmdline.txt'
}
