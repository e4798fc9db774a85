import { lacksForNfs } from '../../root-template/inside/initramfs-archive.ts'
import { kernelFacts } from '../../root-template/inside/kernel-image.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { type Fault, type Findings, noFindings } from './fault.ts'

const cure =
  'name an initramfs that mounts NFS in config.txt, see the rule initramfs of `pifarm template lint`'

/** Whether what came can mount an NFS root: by the rule that `template lint` has for initramfs. */
export function checkMountsRoot(report: BootReport): Findings {
  const { kernel, loaded, missing, image } = report
  const bytes = kernel === undefined ? undefined : loaded.get(kernel)
  if (bytes === undefined || image?.damage !== undefined) return noFindings
  // Where the kernel is packed in a way that only the Pi unpacks, nothing is known of it.
  if (kernelFacts(bytes)?.mountsNfs !== false) return noFindings
  const archives = [...loaded].filter(([name]) => name !== kernel)
  if (archives.length > 0) return judge(archives, `${kernel} cannot mount NFS`)
  // That one is told as missing.
  if (missing.some(({ role }) => role === 'initramfs')) return noFindings
  return stop(`config.txt names no initramfs, and ${kernel} cannot mount NFS without one`)
}

/** The kernel unpacks all of them into one tree: each part has to be in one. */
function judge(archives: readonly [string, Buffer][], but: string): Findings {
  const names = archives.map(([name]) => name).join(' and ')
  const lacks: string[][] = []
  for (const [name, packed] of archives) {
    const lacking = lacksForNfs(packed)
    if (lacking === undefined)
      return { ...noFindings, skipped: [`whether ${name} mounts NFS: it is not packed as gzip`] }
    lacks.push([...lacking])
  }
  const [first = [], ...others] = lacks
  const inNone = first.filter((part) => others.every((other) => other.includes(part)))
  return inNone.length === 0
    ? noFindings
    : stop(`${names} ${archives.length > 1 ? 'lack' : 'lacks'} ${inNone.join(', ')}, and ${but}`)
}

function stop(what: string): Findings {
  const fault: Fault = { stage: 'kernel', what, cure }
  return { ...noFindings, faults: [fault] }
}
