import { UserError } from '../../src/errors.ts'
import type { Entry, Output } from '../../src/host/host.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import type { SshConnect } from '../../src/host/remote.ts'
import { run } from '../../src/program.ts'
import type { Fresh } from '../../src/resources/fresh.ts'
import type { Tools } from '../../src/tools.ts'
import { fakeDhcpd } from './daemons/dhcpd.ts'
import { fakeExportfs } from './daemons/exportfs.ts'
import { fakeIptables } from './daemons/iptables.ts'
import { dir, type FakeNas, fakeNas, file, output } from './fake-nas.ts'
import { type Answer, recordingUi } from './recording-ui.ts'

/** How a run of pifarm ended. */
export interface Outcome {
  readonly code: number
  /** What main.ts would print of an error: message, and hint. Empty where there was none. */
  readonly error: string
  readonly hint: string
  readonly stdout: string
  /** What was said and warned of. */
  readonly stderr: string
  readonly questions: readonly string[]
}

export interface FarmNas extends FakeNas {
  /** Runs a command line of pifarm; as one text it is split at blanks. */
  pifarm(words: string | readonly string[], options?: PifarmOptions): Promise<Outcome>
  /** Lines that come into the log once somebody follows it. */
  laterInLog: string[]
  /** Whether the next restarts of dhcpd, the NFS and the TFTP server fail. */
  readonly broken: { dhcpd: boolean; nfs: boolean; tftpd: boolean }
  /** The NAS without pifarm's own journal. */
  outside(): Record<string, Entry>
}

interface PifarmOptions {
  /** Given in order; without any there is no terminal. */
  readonly answers?: readonly Answer[]
  readonly signal?: AbortSignal
  readonly isRoot?: boolean
  /** Default: no machine answers. */
  readonly sshTo?: Tools['sshTo']
}

interface FarmNasOptions {
  /** Beside or instead of the usual files. */
  readonly files?: Readonly<Record<string, string | Entry>>
  readonly freeBytes?: number
  /** Debian packages that are not installed. */
  readonly lacking?: readonly string[]
  /** Units that do not start at boot. */
  readonly disabled?: readonly string[]
  /** Default routes; left out: one on eth0, through 10.77.0.254. */
  readonly routes?: readonly { readonly dev: string; readonly gateway?: string }[]
}

export const syslog = '/var/log/syslog'
/** Where the snapshot shows what the kernel, dhcpd and the RPC programs have in force. */
export const inForce = {
  rules: '/proc/in-force/filter',
  dhcpd: '/proc/in-force/dhcpd.conf',
  rpc: '/proc/in-force/rpc',
} as const

const pidFile = '/run/dhcpd.pid'
const etab = '/var/lib/nfs/etab'

/** /proc/net/tcp of a NAS on which one daemon listens. */
export function listening(port: number): string {
  const local = `00000000:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return `  sl  local_address rem_address   st\n   0: ${local} 00000000:0000 0A 00000000:00000000\n`
}

/**
 * A Debian NAS in memory, in use before pifarm came: a dhcpd.conf with a subnet, a dynamic range and a
 * printer, an export and firewall rules of others, a template. Its daemons do what the real ones
 * do with the files, and what they have in force is seen in the snapshot.
 */
export function farmNas({
  files = {},
  freeBytes = 1e12,
  lacking = [],
  disabled = [],
  routes = [{ dev: 'eth0', gateway: '10.77.0.254' }],
}: FarmNasOptions = {}): FarmNas {
  const broken = { dhcpd: false, nfs: false, tftpd: false }
  const changedAt = new Map<string, number>()
  let ticks = 0
  const touch = (path: string) => void changedAt.set(path, ++ticks)

  const textOf = (path: string) => {
    const entry = nas.snapshot()[path]
    return entry?.kind === 'file' ? entry.text : undefined
  }

  function exportFiles(etcExports: string, exportsDir: string) {
    const dropIns = Object.keys(nas.snapshot()).filter(
      (path) => path.startsWith(`${exportsDir}/`) && path.endsWith('.exports'),
    )
    return [etcExports, ...dropIns].map((path) => ({ path, text: textOf(path) ?? '' }))
  }

  function tryExports(
    [target, etcExports = '', exportsDir = '']: readonly string[],
    text = '',
  ): Output {
    const others = exportFiles(etcExports, exportsDir).filter(({ path }) => path !== target)
    return fakeExportfs([...others, { path: target ?? '', text }], isThere)
  }

  function isThere(path: string): boolean {
    return nas.snapshot()[path] !== undefined
  }

  function exportAll(): Output {
    const { stdout, ...rest } = fakeExportfs(exportFiles('/etc/exports', '/etc/exports.d'), isThere)
    nas.poke(etab, stdout)
    return { ...rest, stdout: '' }
  }

  function startDhcpd(): Output {
    nas.poke(pidFile, undefined)
    nas.poke(inForce.dhcpd, undefined)
    const { code, stdout, stderr } = fakeDhcpd(textOf, '/etc/dhcp/dhcpd.conf')
    if (code !== 0 || broken.dhcpd) return output('', 1, stderr)
    nas.poke(pidFile, '4242\n')
    nas.poke(inForce.dhcpd, stdout)
    touch(pidFile)
    return output()
  }

  function startNfs(): Output {
    if (broken.nfs) return output('', 1, 'Job for nfs-server.service failed.\n')
    const isPinned = Object.entries(nas.snapshot()).some(
      ([path, entry]) => path.startsWith('/etc/nfs.conf.d/') && entry.kind === 'file',
    )
    const [mountd, statd, lockd] = isPinned ? [33049, 33050, 33052] : [41234, 51234, 38123]
    const ports = [`100005 3 tcp ${mountd} mountd`, `100024 1 udp ${statd} status`]
    nas.poke(inForce.rpc, [...ports, `100021 4 tcp ${lockd} nlockmgr`, ''].join('\n'))
    nas.poke('/proc/net/tcp', listening(mountd))
    return output()
  }

  function restore(input = ''): Output {
    const done = iptables.restore(input)
    nas.poke(inForce.rules, iptables.save())
    return done
  }

  function ask(argv: readonly string[], input = ''): Output {
    const line = argv.join(' ')
    const last = argv.at(-1) ?? ''
    const inNamespace = /^unshare -mn --propagation private sh \S+check-exports\.sh (.*)$/.exec(
      line,
    )
    if (inNamespace) return tryExports((inNamespace[1] ?? '').split(' '), input)
    if (line === 'iptables-save -t filter') return output(iptables.save())
    if (/^iptables-restore .*--test$/.test(line)) return iptables.test(input)
    if (/^unshare -n iptables-restore .*--test$/.test(line)) return iptables.testAlone(input)
    if (/^dhcpd -4 -t (?:-q )?-cf /.test(line)) return { ...fakeDhcpd(textOf, last), stdout: '' }
    if (line.startsWith('rpcinfo')) return output(textOf(inForce.rpc))
    // Its /proc/79/cmdline is there where a test lays it.
    if (line.startsWith('ss ') && last.endsWith(':69'))
      return output('UNCONN 0 0 0.0.0.0:69 0.0.0.0:* users:(("in.tftpd",pid=79,fd=4))\n')
    if (line.startsWith('ss ')) return output()
    if (line.startsWith('du ')) return output(`1000000\t${last}\n`)
    if (line.startsWith('stat -f')) return output('ext2/ext3\n')
    if (/^find \S+ -newer \S+$/.test(line)) {
      const isNewer = (changedAt.get(argv[1] ?? '') ?? 0) > (changedAt.get(last) ?? 0)
      return output(isNewer ? `${argv[1]}\n` : '')
    }
    if (/^find (?:-L )?\//.test(line)) return output()
    if (line.startsWith('stat -c %i ')) return output('77\n')
    if (line.startsWith('nft ')) return output('', 127)
    if (line.startsWith('journalctl')) return output('', 1)
    if (/^(?:tail|cat) /.test(line)) return output(textOf(last))
    if (line.startsWith('dpkg-query'))
      return output(
        argv
          .slice(4)
          .filter((name) => name !== 'ufw' && !lacking.includes(name))
          .map((name) => `${name} installed\n`)
          .join(''),
      )
    if (line === 'systemctl is-active pifarm-controller')
      return output(`${controller}\n`, controller === 'active' ? 0 : 3)
    if (line.startsWith('systemctl is-enabled '))
      return disabled.includes(last) ? output('disabled\n', 1) : output('enabled\n')
    if (line === 'ip -j -4 addr show') return output(JSON.stringify(links))
    if (line === 'ip -j -4 route show default') return output(JSON.stringify(routes))
    throw new Error(`this NAS knows no ${line}`)
  }

  function run_(argv: readonly string[], input?: string): Output {
    const line = argv.join(' ')
    if (line === 'exportfs -ra') return exportAll()
    if (line === 'iptables-restore --noflush -w 5') return restore(input)
    if (line === 'systemctl reset-failed isc-dhcp-server') return output()
    if (line === 'systemctl restart tftpd-hpa')
      return broken.tftpd ? output('', 1, 'Job for tftpd-hpa.service failed.\n') : output()
    if (line === 'systemctl restart isc-dhcp-server') return startDhcpd()
    if (line === 'systemctl restart rpc-statd.service nfs-server.service') return startNfs()
    if (line === 'systemctl daemon-reload') return output()
    if (line === 'systemctl stop pifarm-controller') {
      controller = 'inactive'
      return output()
    }
    if (line === 'systemctl start pifarm-controller') {
      const unit = textOf('/etc/systemd/system/pifarm-controller.service')
      if (unit === undefined) return output('', 5)
      controller = 'active'
      return output()
    }
    if (line.startsWith('env DEBIAN_FRONTEND=noninteractive apt-get')) return output()
    throw new Error(`this NAS knows no ${line}`)
  }

  let controller = 'inactive'
  const tree = { ...usualFiles, ...files }
  const fake = fakeNas(tree, { ask, run: run_, freeBytes })
  const { put } = fake
  const fresh = fixedFresh()

  const nas: FarmNas = Object.assign(fake, {
    broken,
    laterInLog: [],
    async put(path: string, entry: Entry | undefined) {
      await put(path, entry)
      touch(path)
    },
    async *follow(argv: readonly string[], signal: AbortSignal) {
      const lines = (textOf(argv.at(-1) ?? '') ?? '').split('\n').slice(0, -1)
      yield* [...lines, ...nas.laterInLog]
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    outside: () =>
      Object.fromEntries(
        Object.entries(nas.snapshot()).filter(
          ([path]) => !/^\/var\/lib\/pifarm(?:\/runs.*|\/running.json)?$/.test(path),
        ),
      ),
    pifarm: (words: string | readonly string[], options?: PifarmOptions) =>
      pifarm(nas, fresh, words, options),
  })
  const iptables = fakeIptables(textOf('/etc/iptables/rules.v4') ?? '')
  exportAll()
  startDhcpd()
  startNfs()
  restore()
  return nas
}

/** Runs a command line as main.ts does, and turns its errors into exit codes as that does. */
async function pifarm(
  nas: FarmNas,
  fresh: Fresh,
  words: string | readonly string[],
  {
    answers = [],
    signal = new AbortController().signal,
    isRoot = true,
    sshTo = nobodyThere,
  }: PifarmOptions = {},
): Promise<Outcome> {
  const ui = recordingUi(...answers)
  const argv = typeof words === 'string' ? words.split(' ') : words
  const outcome = (code: number, error = '', hint = ''): Outcome => ({
    code,
    error,
    hint,
    stdout: ui.answered.join('\n'),
    stderr: [...ui.said, ...ui.warnings].join('\n'),
    questions: ui.questions,
  })
  try {
    const code = await run(argv, async (yes) => ({
      nas,
      ui: yes ? { ...ui, canAsk: false, confirm: async () => true } : ui,
      fresh,
      sshTo,
      signal,
      isRoot,
      workshop: localWorkshop(),
      command: ['pifarm', ...argv].join(' '),
      now: () => new Date('2026-11-22T20:00:00Z'),
    }))
    return outcome(code)
  } catch (error) {
    if (signal.aborted) return outcome(130)
    if (error instanceof UserError) return outcome(error.exitCode, error.message, error.hint)
    throw error
  }
}

async function nobodyThere(): Promise<SshConnect> {
  return async () => {
    throw new Error('connect ECONNREFUSED')
  }
}

/** Identities that are the same in every run of the tests. */
function fixedFresh(): Fresh {
  let count = 0
  let tokens = 0
  return {
    machineId: () => String(++count).padStart(32, '0'),
    token: () => `token-${++tokens}`.padEnd(43, '0'),
    hostKey: async (type, comment) => ({
      privateKey: `private ${type} key of ${comment}\n`,
      publicKey: `ssh-${type} ${Buffer.from(`${type} ${comment}`).toString('base64')} ${comment}\n`,
    }),
  }
}

const links = [
  { ifname: 'lo', addr_info: [{ local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
  { ifname: 'eth0', addr_info: [{ local: '10.77.0.1', prefixlen: 24, scope: 'global' }] },
  { ifname: 'wlan0', addr_info: [{ local: '192.168.8.5', prefixlen: 24, scope: 'global' }] },
]

const template = '/mnt/PiRoots/template'

const usualFiles: Readonly<Record<string, string | Entry>> = {
  '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
  '/etc/resolv.conf': 'search farm.example\nnameserver 127.0.0.53\nnameserver 10.77.0.254\n',
  '/etc/dhcp/dhcpd.conf': `# written by hand in 2019
option domain-name "farm.example";
default-lease-time 600;

subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.100 10.77.0.200;  # guests
  option routers 10.77.0.254;
}

host printer {
  hardware ethernet 00:11:22:33:44:55;
  fixed-address 10.77.0.51;
}
`,
  '/etc/exports':
    '# media for everybody at home\n/srv/media 10.77.0.20(ro,sync,no_subtree_check)\n',
  '/etc/exports.d': dir(),
  '/srv/media': dir(),
  '/etc/iptables/rules.v4': file(
    `# by hand
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    0o640,
  ),
  '/usr/share/netfilter-persistent/plugins.d/15-ip4tables': '',
  '/etc/default/tftpd-hpa': 'TFTP_DIRECTORY="/srv/tftp"\nTFTP_OPTIONS="--secure -vv"\n',
  '/srv/tftp': dir(),
  '/var/lib': dir(),
  [etab]: '',
  [syslog]: 'Nov 22 19:59:00 nas cron[1]: nothing of interest\n',
  '/proc/net/udp': '   1: 00000000:0043 00000000:0000 07\n',
  '/proc/4242/stat': '4242 (dhcpd) S 1 4242\n',
  ...templateFiles(template),
}

/** A root filesystem as pifarm wants a template, the least of it. */
export function templateFiles(
  root: string,
  config = 'arm_64bit=1\n',
): Record<string, string | Entry> {
  const texts = {
    'etc/hostname': 'raspberrypi\n',
    'etc/hosts': '127.0.0.1\tlocalhost\n',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    'etc/fstab': 'proc /proc proc defaults 0 0\nPARTUUID=738a4d67-02 / ext4 defaults 0 1\n',
    'etc/ssh/sshd_config': 'PermitRootLogin no\n',
    'etc/ssh/ssh_host_ed25519_key': 'the key of another machine\n',
    'usr/bin/ls': 'a program\n',
    'boot/firmware/config.txt': config,
    'boot/firmware/cmdline.txt': 'root=PARTUUID=738a4d67-02\n',
    ...Object.fromEntries(
      ['bootcode.bin', 'start.elf', 'fixup.dat', 'kernel8.img', 'bcm2710-rpi-3-b.dtb'].map(
        (name) => [`boot/firmware/${name}`, `${name}\n`],
      ),
    ),
  }
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [`${root}/${path}`, text]))
}

export const config = '/etc/pifarm/farm.yaml'
export const initCommand = 'init --yes --addresses 10.77.0.50-10.77.0.99'
/** A board whose MAC and serial belong together, as all here whose digits agree. */
export const addHlsPi1 = 'add-pi --mac b8:27:eb:33:34:7a --name HLSPi1 --serial 3333347a'

/** The NAS after `pifarm init`, and after these commands too. */
export async function readyFarm(
  commands: readonly string[] = [],
  options: FarmNasOptions = {},
): Promise<FarmNas> {
  const nas = farmNas(options)
  for (const command of [initCommand, ...commands]) {
    const { code, error } = await nas.pifarm(command)
    if (code !== 0) throw new Error(`pifarm ${command} ended with ${code}: ${error}`)
  }
  return nas
}

/** The text of a file on the NAS; empty where there is none. */
export function textOn(nas: FarmNas, path: string): string {
  const entry = nas.snapshot()[path]
  return entry?.kind === 'file' ? entry.text : ''
}
