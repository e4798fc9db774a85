import type { Model } from '../../farm/schema.ts'
import type { ConfigTxt } from './config-txt.ts'

/** Which start*.elf and fixup*.dat config.txt chooses. */
export function startFiles(
  { settings }: ConfigTxt,
  model: Model,
): { start: string; fixup: string } {
  const kind = startKind(settings)
  // start4x.elf of a Pi 4, but start_x.elf of a Pi 3.
  const suffix = model.startsWith('3') ? kind && `_${kind}` : `4${kind}`
  return {
    start: settings.get('start_file') ?? `start${suffix}.elf`,
    fixup: settings.get('fixup_file') ?? `fixup${suffix}.dat`,
  }
}

function startKind(settings: ReadonlyMap<string, string>): string {
  // A Pi 3 has 1 GB; the setting for that size goes before the general one. With 16 MB comes the
  // cut-down firmware, which has no codecs.
  if ((settings.get('gpu_mem_1024') ?? settings.get('gpu_mem')) === '16') return 'cd'
  if (settings.get('start_x') === '1') return 'x'
  return settings.get('start_debug') === '1' ? 'db' : ''
}

/**
 * The kernels that the firmware tries, in order; the first that is there is started. On a Pi 3
 * 64 bit is not the default: without `arm_64bit=1` kernel8.img is taken only where it is alone.
 */
export function kernelFiles({ settings }: ConfigTxt, model: Model): readonly string[] {
  const named = settings.get('kernel')
  if (named) return [named]
  if (model === '5') return ['kernel_2712.img', 'kernel8.img']
  const bits64 = settings.get('arm_64bit')
  if (!model.startsWith('3')) {
    const plain = ['kernel7l.img', 'kernel7.img', 'kernel.img']
    return bits64 === '0' ? plain : ['kernel8.img', ...plain]
  }
  const plain = ['kernel8-32.img', 'kernel7.img', 'kernel.img']
  if (bits64 === '1') return ['kernel8.img', ...plain]
  return bits64 === '0' ? plain : [...plain, 'kernel8.img']
}

const deviceTrees: Readonly<Record<Model, string>> = {
  '3b': 'bcm2710-rpi-3-b.dtb',
  '3b+': 'bcm2710-rpi-3-b-plus.dtb',
  '4': 'bcm2711-rpi-4-b.dtb',
  '400': 'bcm2711-rpi-400.dtb',
  cm4: 'bcm2711-rpi-cm4.dtb',
  '5': 'bcm2712-rpi-5-b.dtb',
}

export function deviceTree({ settings }: ConfigTxt, model: Model): string {
  return settings.get('device_tree') || deviceTrees[model]
}

/** What runs before the kernel in place of the firmware's own stub; hardly ever there. */
export function armStub(kernel: string): string {
  const kind = /^kernel(8|8-32)\.img$/.exec(kernel)?.[1] ?? '7'
  return `armstub${kind}.bin`
}

/**
 * The initramfs that goes with a kernel, which may be of several files: those named, or by
 * `auto_initramfs=1` the one of like name.
 */
export function initramfsFiles(config: ConfigTxt, kernel: string): readonly string[] {
  const named = config.initramfs ?? config.settings.get('ramfsfile')
  if (named) return named.split(',').filter((name) => name !== '')
  const kind = /^kernel(.*)\.img$/.exec(kernel)?.[1]
  if (config.settings.get('auto_initramfs') !== '1' || kind === undefined) return []
  return [`initramfs${kind}`]
}
