import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { debian, type Lab, startLab } from './lab.ts'

/** Boards of which pifarm is told nothing; with Pi 4s no digit of the MAC is in the serial. */
const places = [
  { name: 'one', mac: 'dc:a6:32:00:00:01' },
  { name: 'two', mac: 'dc:a6:32:00:00:02' },
  { name: 'three', mac: 'dc:a6:32:00:00:03' },
] as const
const rounds = 20
const script = fileURLToPath(new URL('ask-for-boot.ts', import.meta.url))
const noFarm = ['--config', '/etc/pifarm/none.yaml']

let lab: Lab

beforeAll(async () => {
  lab = await startLab(places)
  await lab.must(['sh', '-c', 'mkdir -p /srv/tftp; echo x >/srv/tftp/bootcode.bin'])
  await lab.write(
    '/etc/dhcp/dhcpd.conf',
    [
      'authoritative;',
      'ping-check false;',
      'option tftp-server-name "10.77.0.1";',
      'option vendor-encapsulated-options "Raspberry Pi Boot   ";',
      'subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.250; }',
      '',
    ].join('\n'),
  )
  await lab.must([lab.service('isc-dhcp-server'), 'restart'])
})

afterAll(() => lab?.stop())

/** Lets the board at a place ask for address and files, with these identities one after the other. */
async function ask(
  place: string,
  way: 'tftp' | 'dhcp',
  ...boards: readonly string[]
): Promise<void> {
  const output = await lab.at(place, [...lab.typescript, script, 'eth0', way, ...boards])
  if (output.code !== 0) throw new Error(output.stderr)
}

async function endTftpServer(): Promise<void> {
  const { stdout } = await lab.nas(['ss', '-Hulnp', 'sport = :69'])
  const pids = new Set([...stdout.matchAll(/pid=(\d+)/g)].map(([, pid = '']) => pid))
  if (pids.size > 0) await lab.must(['kill', ...pids])
  await lab.must(['sh', '-c', 'until ! ss -Huln "sport = :69" | grep -q .; do sleep 0.02; done'])
}

interface Said {
  readonly serial: string
  readonly mac: string
  readonly certain: boolean
  readonly daemon: string
  readonly time: string
}

test('three Pis booting at once are told apart, in every one of 20 rounds', async () => {
  const boards = places.map((_, place) =>
    Array.from({ length: rounds }, (__, round) => {
      const number = (round * 3 + place + 1).toString(16).padStart(2, '0')
      return `dc:a6:32:7e:${number}:0${place}=9f${number}${number}c${place}`
    }),
  )
  const run = lab.start([
    ...noFarm,
    ...['find-serial', '--json', '--follow', '--count', String(rounds * 3), '--timeout', '90'],
    ...['--log', '/var/log/syslog'],
  ])
  await run.said('following /var/log/syslog')
  await Promise.all(places.map(({ name }, place) => ask(name, 'tftp', ...(boards[place] ?? []))))
  const { code, stdout } = await run.ended
  expect(code).toBe(0)
  const said = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Said)
  expect(said.filter(({ certain }) => !certain)).toEqual([])
  expect(said.map(({ mac, serial }) => `${mac}=${serial}`).sort()).toEqual(boards.flat().sort())
})

test('a Pi 4 is known by its DHCP alone, beside a running dhcpd', async () => {
  const run = lab.start([...noFarm, 'find-serial', '--json', '--count', '1', '--follow'])
  await run.said('and DHCP')
  await ask('two', 'dhcp', 'dc:a6:32:44:55:66=9ffefdef')
  const { code, stdout } = await run.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ serial: '9ffefdef', mac: 'dc:a6:32:44:55:66', certain: true, models: ['4'] },
    addPi: 'pifarm add-pi --mac dc:a6:32:44:55:66 --serial 9ffefdef --model 4',
  })
})

test('a new Pi that a running dhcpd gives an address, and that asks for no file, is named', async () => {
  const mac = 'dc:a6:32:44:55:77'
  const log = ['--log', '/var/log/syslog']
  const run = lab.start([...noFarm, 'find-serial', '--follow', '--timeout', '60', ...log])
  await run.said('following /var/log/syslog')
  await ask('three', 'dhcp', `${mac}=9ffefd77`, `${mac}=9ffefd77`)
  await run.said(`pifarm add-pi --mac ${mac} --name NAME`)
  await run.interrupt()
  expect((await run.ended).code).toBe(130)
})

describe('each TFTP server that Debian has, end to end', () => {
  const commands = {
    'tftpd-hpa': [`${debian}/usr/sbin/in.tftpd`, '-L', '-v', '-s', '-u', 'tftp', '/srv/tftp'],
    atftpd: [
      `${debian}/atftpd/usr/sbin/atftpd`,
      ...['--daemon', '--no-fork', '--verbose=5', '--user', 'tftp', '/srv/tftp'],
    ],
    dnsmasq: [
      'dnsmasq',
      ...['--keep-in-foreground', '--port=0', '--enable-tftp', '--tftp-root=/srv/tftp'],
      ...['--conf-file=/dev/null', '--user=tftp', '--pid-file=/run/lab/dnsmasq.pid'],
    ],
  } as const

  test.each(Object.entries(commands))('%s', async (daemon, command) => {
    await endTftpServer()
    const ended = lab.nas(command)
    await lab.must(['sh', '-c', 'until ss -Huln "sport = :69" | grep -q .; do sleep 0.02; done'])
    const board = {
      mac: `dc:a6:32:0a:00:0${daemon.length % 10}`,
      serial: `9a00000${daemon.length % 10}`,
    }
    const heardAt: number[] = []
    const run = lab.start(
      [
        ...noFarm,
        'find-serial',
        '--json',
        '--follow',
        '--count',
        '1',
        '--timeout',
        '20',
        '--log',
        '/var/log/syslog',
      ],
      (line) => line.startsWith('{') && heardAt.push(Date.now()),
    )
    await run.said('following /var/log/syslog')
    await ask('one', 'tftp', `${board.mac}=${board.serial}`)
    const { code, stdout } = await run.ended
    await endTftpServer()
    await ended
    expect(code).toBe(0)
    const said = JSON.parse(stdout) as Said
    expect(said).toMatchObject({ ...board, daemon, certain: true })
    expect((heardAt[0] ?? Number.NaN) - Date.parse(said.time)).toBeLessThan(200)
  })
})
