import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { Entry, FileEntry, Reader } from '../../host/host.ts'
import type { BootReport, FileRole } from '../boot-client/boot-report.ts'
import { type Fault, type Findings, noFindings } from './fault.ts'

const mostLinks = 20

/** Compares what came with what lies in the TFTP root, and says of what did not come why. */
export async function checkServed(nas: Reader, top: string, report: BootReport): Promise<Findings> {
  const faults: Fault[] = []
  let same = 0
  for (const [file, { bytes, sha256 }] of Object.entries(report.files)) {
    const found = await walk(nas, top, file)
    if (found.kind !== 'file') continue
    const content = Buffer.from(found.entry.text, found.entry.encoding)
    if (createHash('sha256').update(content).digest('hex') === sha256) same += 1
    else
      faults.push({
        stage: 'tftp',
        what: `${file} was served with ${bytes} bytes, and ${posix.join(top, file)} has ${content.length}`,
        cure: 'does the TFTP server serve another directory? systemctl restart tftpd-hpa after it was moved',
      })
  }
  const warnings: string[] = []
  for (const { file, role } of report.missing) {
    const found = await walk(nas, top, file)
    if (found.kind !== 'wrong') continue
    const what = `${file}: ${found.what}`
    if (dispensable.has(role)) warnings.push(`${what}; ${found.cure}`)
    else faults.push({ stage: 'tftp', what, cure: found.cure })
  }
  const came = same === 1 ? '1 file came as it lies' : `${same} files came as they lie`
  const checked = same === 0 ? [] : [`${came} in ${top}`]
  return { ...noFindings, faults, warnings, checked }
}

/** Without these a Pi boots all the same. */
const dispensable: ReadonlySet<FileRole> = new Set(['overlay', 'fixup', 'include', 'better-kernel'])

type Found =
  | { readonly kind: 'file'; readonly entry: FileEntry }
  | { readonly kind: 'absent' }
  | { readonly kind: 'wrong'; readonly what: string; readonly cure: string }

/** Goes to a file as the daemon does, in its chroot and as a user that owns nothing. */
async function walk(nas: Reader, top: string, file: string): Promise<Found> {
  let left = file.split('/').filter((part) => part !== '')
  let at = ''
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left
    const path = posix.join('/', at, name)
    const entry = await nas.read(top + path)
    if (entry === undefined) {
      if (links === 0) return { kind: 'absent' }
      return wrong(
        `it is a link to ${top}${path}, where nothing is`,
        'lay that file, or remove the link',
      )
    }
    if (entry.kind === 'link') {
      const problem = linkProblem(top + path, at, entry.target)
      if (problem) return problem
      links += 1
      if (links > mostLinks) return wrong('its links lead round in a circle', `ls -l ${top}${path}`)
      const target = posix.join('/', at, entry.target)
      at = ''
      left = [...target.split('/').filter((part) => part !== ''), ...rest]
      continue
    }
    const unreadable = modeProblem(top + path, entry)
    if (unreadable) return unreadable
    if (entry.kind === 'file') return { kind: 'file', entry }
    at = path
    left = rest
  }
  return { kind: 'absent' }
}

function linkProblem(path: string, at: string, target: string): Found | undefined {
  if (target.startsWith('/'))
    return wrong(
      `${path} is an absolute link to ${target}, which leads nowhere in the TFTP server's chroot`,
      'make the link relative: ln -sfr, or pifarm apply',
    )
  const depth = posix.normalize(`${at}/${target}`.replace(/^\//, ''))
  if (depth.startsWith('..'))
    return wrong(`${path} is a link out of the TFTP root, to ${target}`, 'copy the file into it')
  return undefined
}

function modeProblem(path: string, entry: Entry): Found | undefined {
  if (entry.kind === 'file' && (entry.mode & 0o004) === 0)
    return wrong(
      `${path} has mode 0${entry.mode.toString(8)}: the TFTP server cannot read it`,
      `chmod a+r ${path}`,
    )
  if (entry.kind === 'dir' && (entry.mode & 0o001) === 0)
    return wrong(
      `${path} has mode 0${entry.mode.toString(8)}: the TFTP server cannot enter it`,
      `chmod a+rx ${path}`,
    )
  return undefined
}

function wrong(what: string, cure: string): Found {
  return { kind: 'wrong', what, cure }
}
