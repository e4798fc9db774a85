import type { Entry, Reader } from '../../host/host.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { type Fault, type Findings, joined, noFindings } from './fault.ts'
import { insideRoot, type Look, type Seen } from './inside-root.ts'

/** Whether this NAS has at `root` what the Pi's kernel needs once it has its root. */
export async function checkRoot(nas: Reader, root: string, report: BootReport): Promise<Findings> {
  const look: Look<Entry> = (path) => nas.read(root + path)
  if ((await nas.read(root))?.kind !== 'dir')
    return {
      ...noFindings,
      faults: [
        { stage: 'root', what: `there is no root at ${root}`, cure: 'pifarm apply makes it' },
      ],
    }
  return joined(
    { ...noFindings, faults: await checkCopy(look, root, report) },
    await checkSystem(look, root, report),
  )
}

/** An init to run, and the modules of the very kernel that was served. `root`: its name, to be shown. */
export async function checkSystem(
  look: Look<Seen>,
  root: string,
  report: BootReport,
): Promise<Findings> {
  return joined(await checkInit(look, root, report), await checkModules(look, root, report))
}

async function checkInit(look: Look<Seen>, root: string, report: BootReport): Promise<Findings> {
  const path = report.cmdline?.values.init ?? '/sbin/init'
  const entry = await insideRoot(look, path)
  if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0)
    return { ...noFindings, checked: [`${root} has an init`] }
  const what =
    entry === undefined
      ? `${root} has no ${path}: the kernel panics`
      : `${path} in ${root} cannot be run`
  const cure = 'is the root a whole system? remove and add the Pi again'
  return { ...noFindings, faults: [{ stage: 'root', what, cure }] }
}

async function checkModules(
  look: Look<Seen>,
  root: string,
  { image, kernel }: BootReport,
): Promise<Findings> {
  if (image === undefined || image.damage !== undefined) return noFindings
  if (image.version === undefined)
    return { ...noFindings, skipped: [`the modules: ${kernel} does not say its version`] }
  const dir = `/lib/modules/${image.version}`
  if ((await insideRoot(look, dir))?.kind === 'dir')
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
async function checkCopy(look: Look<Entry>, root: string, report: BootReport): Promise<Fault[]> {
  const { kernel, kernelBytes } = report
  if (kernel === undefined || kernelBytes === undefined) return []
  for (const dir of ['/boot/firmware', '/boot']) {
    const entry = await insideRoot(look, `${dir}/${kernel}`)
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
