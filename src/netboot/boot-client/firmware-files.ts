import type { ConfigTxt, PlayedModel } from './config-txt.ts'

/** Which start*.elf and fixup*.dat config.txt chooses. */
export function startFiles({ settings }: ConfigTxt): { start: string; fixup: string } {
  const kind = startKind(settings)
  return {
    start: settings.get('start_file') ?? `start${kind}.elf`,
    fixup: settings.get('fixup_file') ?? `fixup${kind}.dat`,
  }
}

function startKind(settings: ReadonlyMap<string, string>): string {
  // A Pi 3 has 1 GB; the setting for that size goes before the general one. With 16 MB comes the
  // cut-down firmware, which has no codecs.
  if ((settings.get('gpu_mem_1024') ?? settings.get('gpu_mem')) === '16') return '_cd'
  if (settings.get('start_x') === '1') return '_x'
  return settings.get('start_debug') === '1' ? '_db' : ''
}

/**
 * The kernels that the firmware tries, in order; the first that is there is started. On a Pi 3
 * 64 bit is not the default: without `arm_64bit=1` kernel8.img is taken only where it is alone.
 */
export function kernelFiles({ settings }: ConfigTxt): readonly string[] {
  const named = settings.get('kernel')
  if (named) return [named]
  const plain = ['kernel8-32.img', 'kernel7.img', 'kernel.img']
  const bits64 = settings.get('arm_64bit')
  if (bits64 === '1') return ['kernel8.img', ...plain]
  return bits64 === '0' ? plain : [...plain, 'kernel8.img']
}

export function deviceTree({ settings }: ConfigTxt, model: PlayedModel): string {
  return settings.get('device_tree') || `bcm2710-rpi-3-b${model === '3b+' ? '-plus' : ''}.dtb`
}

/** What runs before the kernel in place of the firmware's own stub; hardly ever there. */
export function armStub(kernel: string): string {
  const kind = /^kernel(8|8-32)\.img$/.exec(kernel)?.[1] ?? '7'
  return `armstub${kind}.bin`
}

/** The initramfs that goes with a kernel: the one named, or by `auto_initramfs=1` the one of like name. */
export function initramfsFile(config: ConfigTxt, kernel: string): string | undefined {
  if (config.initramfs !== undefined) return config.initramfs
  const kind = /^kernel(.*)\.img$/.exec(kernel)?.[1]
  if (config.settings.get('auto_initramfs') !== '1' || kind === undefined) return undefined
  return `initramfs${kind}`
}
