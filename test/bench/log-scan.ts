import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { localReader } from '../../src/host/local.ts'
import { scanLog } from '../../src/netboot/scan-log.ts'
import { alternating, type Row, time } from './measure.ts'

const size = 500_000_000
/** What a person would grep for. */
const pattern =
  '[0-9a-f]{8}/(start4?(_[a-z]+)?\\.elf|config\\.txt|boot\\.img|autoboot\\.txt|recover[a-z0-9]*\\.elf)'

/**
 * Finding serials in a log of 500 MB against `grep -E`, which only finds the lines; what memory that
 * takes, against the log; and how long the newest takes, against the start of Node.
 */
export async function logScan(): Promise<Row[]> {
  const dir = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  try {
    const log = join(dir, 'syslog')
    await writeLog(log)
    const memory = await memoryOfScan(log)
    const { ours, grep, newest, node } = await alternating(7, {
      ours: async () => {
        if ((await serials(log)) !== boards) throw new Error('a serial was not found')
        return undefined
      },
      grep: async () => {
        await execa('grep', ['-cE', pattern, log])
        return undefined
      },
      newest: async () => {
        for await (const _ of scan(log)) return undefined
        throw new Error('no serial was found')
      },
      node: async () => {
        await execa(process.execPath, ['-e', '0'])
        return undefined
      },
    })
    return [
      {
        what: 'find-serial: a log of 500 MB',
        pifarm: time(ours),
        peer: `grep -E: ${time(grep)}`,
        ratio: ours / grep,
        bar: 0.5,
      },
      {
        what: 'its memory, over what the process had',
        pifarm: megabytes(memory),
        peer: `the log: ${megabytes(size)}`,
        ratio: memory / size,
        bar: 0.1,
      },
      {
        what: 'its newest serial, with the start of Node',
        pifarm: time(node + newest),
        peer: `node -e 0: ${time(node)}`,
        ratio: (node + newest) / node,
        bar: 1.3,
      },
    ]
  } finally {
    await rm(dir, { recursive: true })
  }
}

function scan(log: string) {
  return scanLog(localReader(), [log], {
    since: undefined,
    expected: [],
    now: new Date(),
    until: new AbortController().signal,
  })
}

async function serials(log: string): Promise<number> {
  let found = 0
  for await (const _ of scan(log)) found += 1
  return found
}

/** The most that a scan adds to the process's own memory, in bytes. */
async function memoryOfScan(log: string): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = before
  for await (const _ of scan(log)) most = Math.max(most, process.memoryUsage.rss())
  return Math.max(most, process.memoryUsage.rss()) - before
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

const boards = 40

/** A busy NAS's log, with the boot of a board every 12 MB. */
async function writeLog(path: string): Promise<void> {
  const noise = Buffer.from(Array.from({ length: 120_000 }, (_, at) => line(at)).join(''))
  const file = await open(path, 'w')
  for (let board = 0; board < boards; board += 1) {
    await file.write(noise.subarray(0, noise.lastIndexOf(10, size / boards) + 1))
    await file.write(boot(board))
  }
  await file.close()
}

function line(at: number): string {
  const stamp = `2026-11-22T10:${String(at % 60).padStart(2, '0')}:48.${String(at).padStart(6, '0')}+00:00 nas`
  const bodies = [
    `CRON[${at}]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)`,
    `kernel: [${at}.123456] usb 1-1.4: new high-speed USB device number ${at % 100} using xhci_hcd`,
    `systemd[1]: Started session-${at}.scope - Session ${at} of User root.`,
    `smbd[${at}]: pam_unix(samba:session): session opened for user films(uid=1000) by (uid=0)`,
    `smartd[812]: Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed to ${at % 40}`,
  ]
  return `${stamp} ${bodies[at % bodies.length]}\n`
}

function boot(board: number): string {
  const end = board.toString(16).padStart(2, '0')
  const address = `10.77.0.${board + 10}`
  const stamp = '2026-11-22T11:00:00.000000+00:00 nas'
  return (
    `${stamp} dhcpd[8]: DHCPOFFER on ${address} to dc:a6:32:00:00:${end} via eth0\n` +
    `${stamp} in.tftpd[9]: RRQ from ${address} filename 9f0000${end}/start4.elf\n`
  )
}
