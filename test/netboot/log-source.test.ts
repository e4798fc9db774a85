import { expect, test } from 'vitest'
import type { Entry, Reader } from '../../src/host/host.ts'
import {
  findLogSource,
  followLog,
  followNewLog,
  journalSince,
  olderLogs,
  pastArgv,
} from '../../src/netboot/log-source.ts'

/** A NAS that has these log files, and a journal that prints this. */
function nas(files: Readonly<Record<string, Entry['kind']>>, journal: string | undefined): Reader {
  const refuse = () =>
    Promise.reject(new Error('a log may have gigabytes: it is not to be read whole'))
  return {
    read: refuse,
    readBelow: refuse,
    list: async (dir) => {
      const inside = Object.entries(files).filter(([path]) => path.startsWith(`${dir}/`))
      return new Map(inside.map(([path, kind]) => [path.slice(dir.length + 1), kind]))
    },
    dirsIn: refuse,
    firstLines: refuse,
    ask: async () => ({ code: journal === undefined ? 127 : 0, stdout: journal ?? '', stderr: '' }),
    lacking: async () => [],
    follow: async function* () {},
    followFile: async function* () {},
    readBack: async function* () {},
    freeBytes: async () => 0,
  }
}

const both = { '/var/log/syslog': 'file', '/var/log/daemon.log': 'file' } as const
const entry = '{"MESSAGE":"x"}\n'

test.each([
  ['the journal goes first', both, entry, undefined, { kind: 'journal' }],
  ['an empty journal is none', both, '', undefined, { kind: 'file', path: '/var/log/syslog' }],
  ['no journalctl', both, undefined, undefined, { kind: 'file', path: '/var/log/syslog' }],
  [
    'daemon.log last',
    { '/var/log/daemon.log': 'file' },
    undefined,
    undefined,
    { kind: 'file', path: '/var/log/daemon.log' },
  ],
  [
    'the file that is set goes before all',
    { '/tmp/farm/log': 'file' },
    entry,
    '/tmp/farm/log',
    { kind: 'file', path: '/tmp/farm/log' },
  ],
] as const)('%s', async (_, files, journal, file, expected) => {
  expect(await findLogSource(nas(files, journal), file)).toEqual(expected)
})

test('a set file that is not there is refused, whatever else there is', async () => {
  await expect(findLogSource(nas(both, entry), '/nowhere/log')).rejects.toThrow(
    'there is no log file "/nowhere/log"',
  )
  await expect(findLogSource(nas({ '/x/log': 'dir' }, entry), '/x/log')).rejects.toThrow('no log')
})

test.each([
  ['/x/pipe', 'other', 'it is a pipe or a device', 'into a file'],
  ['/x/log.1.gz', 'file', 'is compressed', 'zcat FILE >'],
  ['/x/log.xz', 'file', 'is compressed', 'xzcat FILE >'],
] as const)('%s is refused with the cure', async (path, kind, message, hint) => {
  await expect(findLogSource(nas({ [path]: kind }, entry), path)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
})

test('the files that a log was before its rotation, the youngest first', async () => {
  const files = { '/x/log': 'file', '/x/log.2': 'file', '/x/log.1': 'file' } as const
  const rotated = { ...files, '/x/log.3.gz': 'file', '/x/log.5': 'file' } as const
  expect(await olderLogs(nas(rotated, entry), '/x/log')).toEqual({
    plain: ['/x/log.1', '/x/log.2'],
    compressed: '/x/log.3.gz',
  })
  expect(await olderLogs(nas(files, entry), '/x/other')).toEqual({ plain: [] })
})

test('no log at all is refused with what to do', async () => {
  await expect(findLogSource(nas({}, ''), undefined)).rejects.toMatchObject({
    name: 'UserError',
    hint: expect.stringContaining('services.log.file'),
  })
})

const never = new AbortController().signal

/** What was asked of a NAS while its log was read. */
function watched() {
  const asked: string[] = []
  const reader: Reader = {
    ...nas({}, undefined),
    follow: async function* (argv) {
      yield* []
      asked.push(argv.join(' '))
    },
    followFile: async function* (path, back) {
      yield* []
      asked.push(`${path} ${back}`)
    },
  }
  return { reader, asked }
}

async function drain(lines: AsyncIterable<string>): Promise<void> {
  for await (const _ of lines);
}

test('a file is followed from its last lines', async () => {
  const { reader, asked } = watched()
  const source = { kind: 'file', path: '/var/log/syslog' } as const

  await drain(followLog(reader, source, 50, never))

  expect(asked).toEqual(['/var/log/syslog 10000'])
  expect(pastArgv(source, 50)).toEqual(['tail', '-n', '50', '/var/log/syslog'])
})

test('of what comes from now on nothing is missed while journalctl starts', async () => {
  const { reader, asked } = watched()
  const now = new Date(1_795_342_184_109)

  await drain(followNewLog(reader, { kind: 'file', path: '/var/log/syslog' }, now, never))
  await drain(followNewLog(reader, { kind: 'journal' }, now, never))

  expect(asked).toEqual([
    '/var/log/syslog 0',
    expect.stringMatching(/^journalctl -f -o json --no-tail --since=@1795342184 -t in\.tftpd /),
  ])
})

test('of the journal only the daemons are read', async () => {
  const { reader, asked } = watched()
  const daemons = '-t in.tftpd -t tftpd -t atftpd -t dnsmasq-tftp -t dhcpd -t dnsmasq-dhcp'

  await drain(followLog(reader, { kind: 'journal' }, 50, never))
  await drain(journalSince(reader, new Date(1_795_342_184_109), never))
  await drain(journalSince(reader, undefined, never))

  expect(asked).toEqual([
    `journalctl -f -o json -n 50 ${daemons}`,
    `journalctl -q -o json --since=@1795342184 ${daemons}`,
    `journalctl -q -o json ${daemons}`,
  ])
  expect(pastArgv({ kind: 'journal' }, 1000)).not.toContain('-f')
})
