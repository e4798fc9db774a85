import type { Reader } from '../host/host.ts'

/** Why the TFTP server would not show a booting Pi in its log. */
export interface TftpComplaint {
  readonly kind: 'silent' | 'netkit' | 'absent'
  /** What is wrong, and what to do. */
  readonly message: string
  readonly hint: string
  /** Whether pifarm can turn the logging on by itself. */
  readonly canFix: boolean
}

const netkit: TftpComplaint = {
  kind: 'netkit',
  message:
    'the TFTP server is netkit tftpd, which knows no options: firmware since 2020 takes every file for missing',
  hint: 'apt install tftpd-hpa',
  canFix: false,
}
const absent: TftpComplaint = {
  kind: 'absent',
  message: 'nothing listens on UDP port 69: no Pi gets a file, and no request gets into a log',
  hint: 'systemctl restart tftpd-hpa, or apt install tftpd-hpa',
  canFix: false,
}

const silentHpa: TftpComplaint = {
  kind: 'silent',
  message: 'tftpd-hpa logs no requests without --verbose in TFTP_OPTIONS',
  hint: 'pifarm find-serial --fix turns it on',
  canFix: true,
}
const silentAtftp: TftpComplaint = {
  kind: 'silent',
  message: 'atftpd logs no requests below --verbose=5',
  hint: 'set --verbose=5 in OPTIONS of /etc/default/atftpd, then: systemctl restart atftpd',
  canFix: false,
}

/** What keeps the TFTP server from logging requests; undefined where it logs, or nobody can tell. */
export async function tftpComplaint(nas: Reader): Promise<TftpComplaint | undefined> {
  const { code, stdout } = await nas.ask(['ss', '-H', '-u', '-l', '-n', '-p', 'sport = :69'])
  if (code !== 0) return undefined
  if (stdout.trim() === '') return absent
  const [, name, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout) ?? []
  // Without root the owner of a socket is not told.
  if (name === undefined) return undefined
  if (/^(?:x?inetd|systemd)/.test(name)) return (await hasNetkit(nas)) ? netkit : undefined
  const entry = await nas.read(`/proc/${pid}/cmdline`)
  if (entry?.kind !== 'file') return undefined
  const words = entry.text.split('\0').slice(1)
  if (name === 'in.tftpd' && hpaVerbosity(words) < 1) return silentHpa
  if (name === 'atftpd' && atftpVerbosity(words) < 5) return silentAtftp
  return undefined
}

async function hasNetkit(nas: Reader): Promise<boolean> {
  const files = await nas.read('/var/lib/dpkg/info/tftpd.list')
  return files?.kind === 'file' && files.text.includes('/in.tftpd')
}

function hpaVerbosity(words: readonly string[]): number {
  const set = words
    .map(
      (word, at) =>
        /^--verbosity=(\d+)$/.exec(word)?.[1] ??
        (words[at - 1] === '--verbosity' ? word : undefined),
    )
    .findLast((value) => value !== undefined)
  const counted = words.reduce((count, word) => {
    if (word === '--verbose') return count + 1
    return /^-[a-zA-Z]+$/.test(word) ? count + word.split('v').length - 1 : count
  }, 0)
  return Math.max(counted, Number(set ?? 0))
}

/** Its default is 5, at which it names each file. */
function atftpVerbosity(words: readonly string[]): number {
  const set = words.findLast((word) => /^(?:--verbose=|-v)\d+$/.test(word))
  return Number(/\d+$/.exec(set ?? '5')?.[0])
}
