import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { Probe } from '../../plan/change.ts'

/** dhcpd lives and hears: its exit status tells neither (see `judgedByProbe`). */
export function dhcpdProbe(farm: Farm): Probe {
  const pidFile = farm.services.dhcp.pid_file
  return {
    why: 'dhcpd runs with the new addresses',
    patience: 5000,
    look: async (nas) => {
      const pid = /^\d+/.exec(textOf(await nas.read(pidFile)).trim())?.[0]
      if (pid === undefined) return `dhcpd is not running: no process number in ${pidFile}`
      // The file outlives a killed daemon, and its number may be another program's by now.
      const stat = textOf(await nas.read(`/proc/${pid}/stat`))
      if (!/^\d+ \(dhcpd\) [^ZX]/.test(stat)) return `dhcpd is not running: ${pidFile} names ${pid}`
      const sockets = textOf(await nas.read('/proc/net/udp'))
      if (!/^ *\d+: [0-9A-F]{8}:0043 /m.test(sockets)) return 'nothing holds UDP port 67'
      return await staleDaemon(nas, pidFile, farm.paths.dhcp)
    },
  }
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

function textOf(entry: { readonly kind: string; readonly text?: string } | undefined): string {
  return entry?.text ?? ''
}
