import type { Reader } from '../../host/host.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { type Fault, type Findings, noFindings } from './fault.ts'
import { insideRoot } from './inside-root.ts'

/** What the kernel needs once it has its root: an init to run and its own modules. */
export async function checkRoot(nas: Reader, root: string, report: BootReport): Promise<Findings> {
  if ((await nas.read(root))?.kind !== 'dir')
    return {
      ...noFindings,
      faults: [
        { stage: 'root', what: `there is no root at ${root}`, cure: 'pifarm apply makes it' },
      ],
    }
  const [init, modules, kernel] = [
    await checkInit(nas, root, report),
    await checkModules(nas, root, report),
    await checkCopy(nas, root, report),
  ]
  return {
    ...noFindings,
    faults: [...kernel, ...init, ...modules.faults],
    checked: [...(init.length === 0 ? [`${root} has an init`] : []), ...modules.checked],
    skipped: modules.skipped,
  }
}

async function checkInit(nas: Reader, root: string, report: BootReport): Promise<Fault[]> {
  const path = report.cmdline?.values.init ?? '/sbin/init'
  const entry = await insideRoot(nas, root, path)
  if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) return []
  const what =
    entry === undefined
      ? `${root} has no ${path}: the kernel panics`
      : `${path} in ${root} cannot be run`
  return [{ stage: 'root', what, cure: 'is the root a whole system? remove and add the Pi again' }]
}

async function checkModules(
  nas: Reader,
  root: string,
  { image, kernel }: BootReport,
): Promise<Findings> {
  if (image === undefined || image.damage !== undefined) return noFindings
  if (image.version === undefined)
    return { ...noFindings, skipped: [`the modules: ${kernel} does not say its version`] }
  const dir = `/lib/modules/${image.version}`
  if ((await insideRoot(nas, root, dir))?.kind === 'dir')
    return { ...noFindings, checked: [`${root} has the modules of ${image.version}`] }
  return {
    ...noFindings,
    faults: [
      {
        stage: 'root',
        what: `${root} has no ${dir}: ${kernel} is another kernel than the root was made for`,
        cure: "serve the kernel of the root's own /boot, or install that kernel's modules in the root",
      },
    ],
  }
}

/** Where the root has the kernel's beginning and more of it, the one that is served was cut off. */
async function checkCopy(nas: Reader, root: string, report: BootReport): Promise<Fault[]> {
  const { kernel, kernelBytes } = report
  if (kernel === undefined || kernelBytes === undefined) return []
  for (const dir of ['/boot/firmware', '/boot']) {
    const entry = await insideRoot(nas, root, `${dir}/${kernel}`)
    if (entry?.kind !== 'file') continue
    const whole = Buffer.from(entry.text, entry.encoding)
    const isCut =
      kernelBytes.length < whole.length && whole.subarray(0, kernelBytes.length).equals(kernelBytes)
    if (!isCut) continue
    return [
      {
        stage: 'kernel',
        what: `${kernel} is truncated: ${kernelBytes.length} of the ${whole.length} bytes that the root's own copy has`,
        cure: `copy ${root}${dir}/${kernel} anew into the TFTP root`,
      },
    ]
  }
  return []
}
