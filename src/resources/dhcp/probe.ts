import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Daemon, Probe } from '../../plan/change.ts'
import { deadDaemon } from '../../plan/daemon.ts'
import type { DhcpFacts } from './facts.ts'

export function dhcpd(farm: Farm): Daemon {
  return { pidFile: farm.services.dhcp.pid_file, program: 'dhcpd' }
}

/** dhcpd lives, hears, and has read what is in force: its exit status tells none of these. */
export function dhcpdProbe(farm: Farm): Probe {
  const daemon = dhcpd(farm)
  return {
    why: 'dhcpd runs with the new addresses',
    patience: 5000,
    look: async (nas) =>
      (await deadDaemon(nas, daemon)) ??
      (await deafDaemon(nas)) ??
      (await staleDaemon(nas, daemon.pidFile, farm.paths.dhcp)) ??
      (await staleDaemon(nas, daemon.pidFile, farm.paths.dhcpd_conf)),
  }
}

async function deafDaemon(nas: Reader): Promise<string | undefined> {
  const sockets = await nas.read('/proc/net/udp')
  const hears = sockets?.kind === 'file' && /^ *\d+: [0-9A-F]{8}:0043 /m.test(sockets.text)
  return hears ? undefined : 'nothing holds UDP port 67'
}

/** A restart that did nothing leaves the old daemon, alive and well, with the old addresses. */
async function staleDaemon(
  nas: Reader,
  pidFile: string,
  conf: string,
): Promise<string | undefined> {
  const { code, stdout } = await nas.ask(['find', pidFile, '-newer', conf])
  return code === 0 && stdout === ''
    ? `dhcpd was not restarted: it is older than ${conf}`
    : undefined
}

/** A restart reads all files again, those too that people have edited and not yet tried. */
export async function editedSinceStart(
  nas: Reader,
  farm: Farm,
  { files }: Pick<DhcpFacts, 'files'>,
): Promise<string[]> {
  const newer = ['-newer', farm.services.dhcp.pid_file]
  const { code, stdout } = await nas.ask(['find', '-L', ...files, ...newer])
  if (code !== 0) return []
  const edited = stdout.split('\n').filter((file) => file !== '')
  return edited.map(
    (file) => `${file} was edited since dhcpd started: all of it comes into force with this run`,
  )
}
