import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { Entry, FileEntry, Host } from '../host/host.ts'

const unit = 'etc/systemd/system/pifarm-report.service'
const wanted = 'etc/systemd/system/multi-user.target.wants/pifarm-report.service'
const script = 'usr/local/sbin/pifarm-report'

/** The texts that go on the card, made from templates/sd-card. */
export interface ReportFiles {
  readonly unit: string
  readonly script: string
}

/** Whether this is a root filesystem that a unit can be put into. */
export async function holdsSystem(host: Host, root: string): Promise<boolean> {
  return (await host.list(join(root, 'etc/systemd/system'))) !== undefined
}

/** Puts the one-shot unit and its script into the root filesystem of a card. */
export async function putReporter(host: Host, root: string, files: ReportFiles): Promise<void> {
  await put(host, root, script, file(files.script, 0o755))
  await put(host, root, unit, file(files.unit, 0o644))
  await put(host, root, wanted, { kind: 'link', target: `/${unit}` })
  await host.flush([], [root])
}

/** Takes them off again; answers whether anything was there. */
export async function removeReporter(host: Host, root: string): Promise<boolean> {
  let found = false
  for (const path of [wanted, unit, script]) {
    // What lies behind a link was not put there: it may be this machine's own.
    if (!(await isWithoutLinks(host, root, path))) continue
    if ((await host.read(join(root, path))) === undefined) continue
    await host.putBelow(root, join(root, path), undefined)
    found = true
  }
  if (found) await host.flush([], [root])
  return found
}

async function put(host: Host, root: string, path: string, entry: Entry): Promise<void> {
  await makeParents(host, root, path)
  await host.putBelow(root, join(root, path), entry)
}

async function isWithoutLinks(host: Host, root: string, path: string): Promise<boolean> {
  let dir = root
  for (const name of path.split('/').slice(0, -1)) {
    dir = join(dir, name)
    if ((await host.read(dir))?.kind !== 'dir') return false
  }
  return true
}

/** Whoever used the card may have planted links that lead out of it, into this machine. */
async function makeParents(host: Host, root: string, path: string): Promise<void> {
  let dir = root
  for (const name of path.split('/').slice(0, -1)) {
    dir = join(dir, name)
    const entry = await host.read(dir)
    if (entry === undefined) await host.put(dir, { kind: 'dir', mode: 0o755 })
    else if (entry.kind !== 'dir') throw new UserError(`${dir} is a ${entry.kind}, no directory`)
  }
}

function file(text: string, mode: number): FileEntry {
  return { kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }
}
