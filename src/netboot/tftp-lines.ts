import { quoted } from '../errors.ts'
import { type Ipv4, ipv4, type Mac, mac, type Serial, serial } from '../farm/schema.ts'

export type TftpDaemon = 'tftpd-hpa' | 'netkit' | 'atftpd' | 'dnsmasq'

/** What a TFTP server said about one request. Anybody on the LAN can make it say nearly anything. */
export interface TftpLine {
  /** Only where the request is one of those by which a Pi looks for its own directory. */
  readonly serial: Serial | undefined
  /** Where the directory is named after its MAC: an EEPROM of a Pi 4 or 5 set to TFTP_PREFIX=2. */
  readonly mac: Mac | undefined
  /** The name as asked for, to be shown, never to be opened; quoted where it is not a plain path. */
  readonly file: string
  readonly client: Ipv4 | undefined
  readonly daemon: TftpDaemon
}

interface Dialect {
  readonly daemon: TftpDaemon
  readonly programs: readonly string[]
  /** dnsmasq logs where the file lies on the NAS, the others what was asked for. */
  readonly logsHostPath: boolean
  readonly lines: readonly RegExp[]
}

/**
 * The names stand unquoted in the lines, so each pattern takes the longest name that fits: what
 * comes from the daemon is then its last occurrence, and a name that imitates it stays a name. Only
 * tftpd-hpa's ` remapped to ` is cut off where it comes first: what is behind it nobody asked for.
 */
const dialects: readonly Dialect[] = [
  {
    daemon: 'tftpd-hpa',
    programs: ['in.tftpd', 'tftpd'],
    logsHostPath: false,
    lines: [/^RRQ from (?<client>\S+) filename (?<file>.*?)(?: remapped to .*)?$/s],
  },
  {
    daemon: 'netkit',
    programs: ['tftpd', 'in.tftpd'],
    logsHostPath: false,
    lines: [/^tftpd: trying to get file: (?<file>.*)$/s],
  },
  {
    daemon: 'atftpd',
    programs: ['atftpd', 'in.tftpd'],
    logsHostPath: false,
    lines: [/^Serving (?<file>.*) to (?<client>[\d.]+):\d+$/s],
  },
  {
    daemon: 'dnsmasq',
    programs: ['dnsmasq-tftp'],
    logsHostPath: true,
    lines: [
      /^(?:failed sending|sent) (?<file>.*) to (?<client>[\d.]+)$/s,
      // dnsmasq before 2.87 or so does not say for whom.
      /^file (?<file>.*) not found(?: for (?<client>[\d.]+))?$/s,
      /^cannot access (?<file>.*): [^:]*$/s,
      // Its messages are translated into a dozen languages: one path, perhaps an address at the end.
      /^[^/]{1,60} (?<file>\/\S+)(?: [^/]{0,60}?(?<client>\d{1,3}(?:\.\d{1,3}){3})?)?$/s,
    ],
  },
]

const plainPath = /^\/?[A-Za-z0-9_+-][A-Za-z0-9._+-]*(?:\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*$/
const longestName = 255

/** The files by which a board finds out whether it has a directory of its own, and what it reads first there. */
const revealing =
  '(?:start4?(?:_?(?:cd|db|x))?\\.elf|config\\.txt|boot\\.(?:img|sig)|autoboot\\.txt|recover[a-z0-9]*\\.elf)'
const own = '(?<serial>[0-9a-fA-F]{8})|(?<mac>[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5})'
const asked = new RegExp(`^/?(?:${own})/${revealing}$`)
const onHost = new RegExp(`^(?:/.*)?/(?:${own})/${revealing}$`)

/** Whether a line could name a file that reveals a board: a quick look, before it is taken apart. */
export function mayReveal(line: string): boolean {
  return /\/(?:start|config\.txt|boot\.|autoboot\.txt|recover)/.test(line)
}

/** Reads a line of a TFTP server; undefined for every line that does not name a file asked for. */
export function parseTftpLine(program: string, body: string): TftpLine | undefined {
  for (const dialect of dialects.filter((one) => one.programs.includes(program))) {
    const found = dialect.lines.map((line) => line.exec(body)).find((match) => match !== null)
    if (found) return tftpLine(dialect, found.groups?.file ?? '', found.groups?.client)
  }
  return undefined
}

function tftpLine(dialect: Dialect, name: string, client: string | undefined): TftpLine {
  const isPlain = name.length <= longestName && plainPath.test(name)
  const directory = isPlain ? (dialect.logsHostPath ? onHost : asked).exec(name) : null
  return {
    serial: serial.safeParse(directory?.groups?.serial).data,
    mac: mac.safeParse(directory?.groups?.mac).data,
    file: isPlain ? name : quoted(name),
    client: ipv4.safeParse(client).data,
    daemon: dialect.daemon,
  }
}
