import type { Entry, Reader } from '../../host/host.ts'
import { foreignToPis, programArchitecture } from '../../root-template/architecture.ts'
import { kernelBits } from '../../root-template/inside/kernel-bits.ts'
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

const forPis =
  'build a template for arm64 or armhf, remove the Pi and add it again with add-pi --template'

async function checkInit(look: Look<Seen>, root: string, report: BootReport): Promise<Findings> {
  const path = report.cmdline?.values.init ?? '/sbin/init'
  const entry = await insideRoot(look, path)
  if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) {
    const foreign = foreignToPis(entry)
    if (foreign === undefined) return checkBits(entry, `${path} in ${root}`, report, root)
    const what = `${path} in ${root} is a program for ${foreign}, which no Raspberry Pi runs: the kernel panics`
    return { ...noFindings, faults: [{ stage: 'root', what, cure: forPis }] }
  }
  const what =
    entry === undefined
      ? `${root} has no ${path}: the kernel panics`
      : `${path} in ${root} cannot be run`
  const cure =
    report.cmdline?.values.init === undefined
      ? 'is the root a whole system? remove and add the Pi again'
      : 'cmdline.txt names it with init=: pifarm plan shows what was changed there, and pifarm apply writes it anew'
  return { ...noFindings, faults: [{ stage: 'root', what, cure }] }
}

/** A kernel of 64 bits runs programs of 32, and not the other way round. */
function checkBits(
  init: Seen & { kind: 'file' },
  name: string,
  { kernel = '', loaded }: BootReport,
  root: string,
): Findings {
  const image = loaded.get(kernel)
  const isTooSmall = image !== undefined && kernelBits(image) === 32
  if (!isTooSmall || programArchitecture(init) !== 'arm64')
    return { ...noFindings, checked: [`${root} has an init`] }
  const what = `${name} is a program for arm64, which ${kernel}, of 32 bits, does not run: the kernel panics`
  const cure =
    'set arm_64bit=1 in config.txt of the boot files, which chooses kernel8.img, and put that there where it is missing'
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

/** Where the root has the beginning of a kernel or initramfs and more of it, what is served was cut off. */
async function checkCopy(look: Look<Entry>, root: string, report: BootReport): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [name, bytes] of report.loaded) {
    const whole = await ownCopy(look, name)
    if (whole === undefined || bytes.length >= whole.bytes.length) continue
    if (!whole.bytes.subarray(0, bytes.length).equals(bytes)) continue
    faults.push({
      stage: 'kernel',
      what: `${name} is truncated: ${bytes.length} of the ${whole.bytes.length} bytes that the root's own copy has`,
      cure: `copy ${root}${whole.path} anew into the TFTP root`,
    })
  }
  return faults
}

async function ownCopy(look: Look<Entry>, name: string) {
  for (const dir of ['/boot/firmware', '/boot']) {
    const path = `${dir}/${name}`
    const entry = await insideRoot(look, path)
    if (entry?.kind === 'file') return { path, bytes: Buffer.from(entry.text, entry.encoding) }
  }
  return undefined
}
