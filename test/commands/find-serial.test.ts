import { describe, expect, test } from 'vitest'
import { addHlsPi1, readyFarm, syslog } from '../support/farm-nas.ts'

const rrq = (address: string, file: string) =>
  `Nov 22 20:00:02 nas in.tftpd[7]: RRQ from ${address} filename ${file}`
const offer = (address: string, mac: string) =>
  `Nov 22 20:00:01 nas dhcpd[8]: DHCPOFFER on ${address} to ${mac} via eth0`

const log = [
  offer('10.77.0.101', 'b8:27:eb:00:00:02'),
  rrq('10.77.0.101', 'bootcode.bin'),
  rrq('10.77.0.101', 'aa000002/start.elf'),
  rrq('10.77.0.101', 'aa000002/start.elf'),
  rrq('10.77.0.50', '3333347a/start.elf'),
  rrq('10.77.0.103', '../../etc/passwd'),
  rrq('10.77.0.104', 'dddddddd/start.elf'),
  '',
].join('\n')

async function farm() {
  return await readyFarm([addHlsPi1], { files: { [syslog]: log } })
}

test('prints each new serial once, with its MAC and the command to add it', async () => {
  const nas = await farm()
  const { code, stdout, stderr } = await nas.pifarm('find-serial --count 2')
  expect(code).toBe(0)
  expect(stdout.replace(/\d{4}-\S+Z/g, 'TIME')).toBe(
    'aa000002  b8:27:eb:00:00:02  10.77.0.101  Pi 3B or Pi 3B+\n' +
      '  asked tftpd-hpa for aa000002/start.elf, TIME\n' +
      '  pifarm add-pi --mac b8:27:eb:00:00:02 --serial aa000002\n' +
      'dddddddd  MAC unknown  10.77.0.104  Pi 3B or Pi 3B+\n' +
      '  asked tftpd-hpa for dddddddd/start.elf, TIME\n' +
      '  not certain: no DHCP line tells whose address 10.77.0.104 is',
  )
  expect(stderr).toBe(`following ${syslog}; end with Ctrl-C`)
})

test('--all prints those of the farm too, --json one object a line', async () => {
  const nas = await farm()
  const { stdout } = await nas.pifarm('find-serial --all --json --count 3')
  expect(stdout.split('\n').map((line) => JSON.parse(line).serial)).toEqual([
    'aa000002',
    '3333347a',
    'dddddddd',
  ])
})

test('--mac waits for that board alone', async () => {
  const nas = await farm()
  nas.laterInLog.push(
    offer('10.77.0.105', 'b8:27:eb:00:00:05'),
    rrq('10.77.0.105', 'bb000005/start.elf'),
  )
  const { stdout } = await nas.pifarm('find-serial --mac b8:27:eb:00:00:05 --count 1')
  expect(stdout).toContain('bb000005  b8:27:eb:00:00:05')
  expect(stdout).not.toContain('aa000002')
})

test('--timeout ends it: 0 where one was found, 3 and a hint where none was', async () => {
  expect((await (await farm()).pifarm('find-serial --timeout 0.05')).code).toBe(0)
  const { code, error, hint } = await (await readyFarm()).pifarm('find-serial --timeout 0.05')
  expect({ code, error }).toEqual({ code: 3, error: 'no Pi asked for its files' })
  expect(hint).toContain('netboot enabled')
})

test('--log names another file', async () => {
  const nas = await readyFarm([], { files: { '/var/log/tftp.log': log } })
  expect((await nas.pifarm('find-serial --log /var/log/tftp.log --count 1')).stdout).toMatch(/^aa0/)
  const { code, error } = await nas.pifarm('find-serial --log /var/log/none')
  expect({ code, error }).toEqual({ code: 2, error: 'there is no log file "/var/log/none"' })
})

test('changes nothing and needs no root', async () => {
  const nas = await farm()
  const mutations = nas.mutations
  expect((await nas.pifarm('find-serial --count 1', { isRoot: false })).code).toBe(0)
  expect(nas.mutations).toBe(mutations)
})

const tftpdDefault = '/etc/default/tftpd-hpa'
const quiet = 'TFTP_USERNAME="tftp"\nTFTP_OPTIONS="--secure --blocksize 1468" # mine\n'

async function quietFarm() {
  const nas = await farm()
  nas.poke('/proc/79/cmdline', '/usr/sbin/in.tftpd\0--listen\0--secure\0/srv/tftp\0')
  nas.poke(tftpdDefault, quiet)
  return nas
}

test('a TFTP server that logs too little is named, instead of waiting in silence', async () => {
  const { stderr } = await (await quietFarm()).pifarm('find-serial --count 1')
  expect(stderr).toContain('tftpd-hpa logs no requests without --verbose in TFTP_OPTIONS')
  expect(stderr).toContain('pifarm find-serial --fix')
})

test('--fix turns the logging on, keeps the other words, and undo takes it back', async () => {
  const nas = await quietFarm()
  expect((await nas.pifarm('find-serial --fix --count 1')).code).toBe(0)
  expect(nas.snapshot()[tftpdDefault]).toMatchObject({
    text: quiet.replace('1468"', '1468 --verbose --verbose"'),
  })
  expect(nas.ran).toContainEqual(['systemctl', 'restart', 'tftpd-hpa'])
  expect((await nas.pifarm('undo --yes')).code).toBe(0)
  expect(nas.snapshot()[tftpdDefault]).toMatchObject({ text: quiet })
})

test('--fix where all is logged does nothing', async () => {
  const nas = await farm()
  const mutations = nas.mutations
  const { stderr } = await nas.pifarm('find-serial --fix --count 1')
  expect(stderr).toContain('nothing to fix')
  expect(nas.mutations).toBe(mutations)
})

test('--fix that cannot be put back needs hands: exit 4, as everywhere', async () => {
  const nas = await quietFarm()
  nas.broken.tftpd = true
  const { code, stderr } = await nas.pifarm('find-serial --fix --count 1')
  expect(stderr).toContain('these could not be put back and need you')
  expect(code).toBe(4)
})

test('--fix is not lost beside --since and --log', async () => {
  for (const more of ['--since all', `--log ${syslog} --count 1`]) {
    const nas = await quietFarm()
    expect((await nas.pifarm(`find-serial --fix ${more}`)).code).toBe(0)
    expect(nas.ran).toContainEqual(['systemctl', 'restart', 'tftpd-hpa'])
  }
})

test('--since that finds nothing says that the TFTP server logs too little', async () => {
  const nas = await quietFarm()
  nas.poke(syslog, '')
  const { code, stderr } = await nas.pifarm('find-serial --since 10m')
  expect(stderr).toContain('tftpd-hpa logs no requests')
  expect(code).toBe(3)
})

test.each(['--since all', '--timeout 0.05'])(
  'what the NAS itself asks for is no Pi: %s',
  async (how) => {
    const nas = await readyFarm([], {
      files: { [syslog]: `${rrq('10.77.0.1', 'bb000009/start.elf')}\n` },
    })
    const { code, stdout } = await nas.pifarm(`find-serial ${how}`)
    expect([code, stdout]).toEqual([3, ''])
  },
)

test('--mac that did not ask is named', async () => {
  const { error } = await (await readyFarm()).pifarm(
    'find-serial --mac b8:27:eb:00:00:05 --since all',
  )
  expect(error).toBe('b8:27:eb:00:00:05 did not ask for its files')
})

test('--since ends with what the log knows, the newest first', async () => {
  const { code, stdout } = await (await farm()).pifarm('find-serial --since all')
  expect(code).toBe(0)
  expect(stdout.match(/^[0-9a-f]{8}/gm)).toEqual(['dddddddd', 'aa000002'])
})

test('--since and --follow exclude one another; a span is a number with a unit', async () => {
  const nas = await farm()
  expect((await nas.pifarm('find-serial --since 10m --follow')).code).toBe(2)
  const { code, error } = await nas.pifarm('find-serial --since yesterday')
  expect(code).toBe(2)
  expect(error).toContain('--since "yesterday"')
})

const discover = (clock: string, mac: string) =>
  `Nov 22 ${clock} nas dhcpd[8]: DHCPDISCOVER from ${mac} via eth0`
const newPi = 'b8:27:eb:00:00:77'

/** What a Pi 3B's boot ROM leaves in the log where DHCP tells it of no TFTP server. */
const addressOnly = [
  discover('19:59:01', newPi),
  offer('10.77.0.105', newPi),
  discover('19:59:06', newPi),
  offer('10.77.0.105', newPi),
]
const lines = (...all: readonly string[]) => `${all.join('\n')}\n`

describe('a new Pi that asks for an address and for no file', () => {
  const cure = `pifarm add-pi --mac ${newPi} --name NAME`

  test.each(['--timeout 0.05', '--since 10m'])('is named with its cure: %s', async (words) => {
    const nas = await readyFarm([], { files: { [syslog]: lines(...addressOnly) } })
    const { code, error, hint } = await nas.pifarm(`find-serial ${words}`)
    expect({ code, error }).toEqual({
      code: 3,
      error: `no Pi asked for its files; ${newPi} asked for an address`,
    })
    expect(hint).toContain(cure)
    expect(hint).not.toContain('cable')
  })

  test('is told of while it is waited for, once', async () => {
    const nas = await farm()
    nas.laterInLog.push(...addressOnly, discover('19:59:11', newPi))
    const { stderr } = await nas.pifarm('find-serial --timeout 0.05')
    expect(stderr.split(cure)).toHaveLength(2)
  })

  test.each([
    ['it asked for a file', newPi, [rrq('10.77.0.105', 'bootcode.bin')]],
    ['it is a phone', '02:00:00:00:00:77', []],
    ['it is in the farm', 'b8:27:eb:33:34:7a', []],
    [
      'the TFTP server does not log who asks',
      newPi,
      ['Nov 22 19:59:30 nas tftpd[9]: tftpd: trying to get file: bootcode.bin'],
    ],
  ])('is not spoken of where %s', async (_, mac, more) => {
    const boot = addressOnly.map((line) => line.replace(newPi, mac)).toSpliced(2, 0, ...more)
    const nas = await readyFarm([addHlsPi1], { files: { [syslog]: lines(...boot) } })
    for (const words of ['--timeout 0.05', '--since 10m']) {
      const { error, hint, stderr } = await nas.pifarm(`find-serial ${words}`)
      expect(error).toBe('no Pi asked for its files')
      expect(`${hint} ${stderr}`).not.toContain('add-pi')
    }
  })

  test.each(['--timeout 0.05', '--since 10m'])(
    'is named also where a Pi of the farm booted meanwhile: %s',
    async (words) => {
      const other = [
        offer('10.77.0.50', 'b8:27:eb:33:34:7a'),
        rrq('10.77.0.50', '3333347a/start.elf'),
      ]
      const files = { [syslog]: lines(...addressOnly, ...other) }
      const nas = await readyFarm([addHlsPi1], { files })
      expect((await nas.pifarm(`find-serial ${words}`)).hint).toContain(cure)
    },
  )

  test('--mac asks for one of two', async () => {
    const other = addressOnly.map((line) => line.replace(newPi, 'b8:27:eb:00:00:78'))
    const nas = await readyFarm([], { files: { [syslog]: lines(...addressOnly, ...other) } })
    const { hint } = await nas.pifarm(`find-serial --since all --mac ${newPi}`)
    expect(hint).toContain(cure)
    expect(hint).not.toContain('00:78')
  })
})

test.each(['--timeout 0.05', '--since all'])(
  'where only Pis of the farm asked, that is said, and --all: %s',
  async (words) => {
    const own = lines(
      offer('10.77.0.50', 'b8:27:eb:33:34:7a'),
      rrq('10.77.0.50', '3333347a/start.elf'),
    )
    const nas = await readyFarm([addHlsPi1], { files: { [syslog]: own } })
    const { code, error, hint } = await nas.pifarm(`find-serial ${words}`)
    expect({ code, error, hint }).toEqual({
      code: 3,
      error: 'only Pis of the farm asked: HLSPi1',
      hint: 'it was left out; --all prints them too',
    })
  },
)

describe('--count counts serials', () => {
  const byMac = lines(
    offer('10.77.0.106', 'dc:a6:32:00:00:06'),
    rrq('10.77.0.106', 'dc-a6-32-00-00-06/start4.elf'),
  )

  test('and not a board that told none', async () => {
    const nas = await readyFarm([], { files: { [syslog]: `${byMac}${log}` } })
    const { code, stdout } = await nas.pifarm('find-serial --count 1')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^unknown {3}dc:a6:32:00:00:06/)
    expect(stdout).toContain('aa000002  b8:27:eb:00:00:02')
  })

  test('and not one a second time, when its MAC has become certain', async () => {
    const twice = lines(
      rrq('10.77.0.107', 'eeeeeeee/start4.elf'),
      offer('10.77.0.107', 'dc:a6:32:00:00:07'),
      rrq('10.77.0.107', 'eeeeeeee/config.txt'),
    )
    const nas = await readyFarm([], { files: { [syslog]: `${twice}${log}` } })
    const { stdout } = await nas.pifarm('find-serial --count 2')
    expect(stdout.match(/^[0-9a-f]{8} /gm)).toEqual(['eeeeeeee ', 'eeeeeeee ', 'aa000002 '])
  })

  test('a MAC alone is no serial: exit status 3', async () => {
    const nas = await readyFarm([], { files: { [syslog]: byMac } })
    const { code, error } = await nas.pifarm('find-serial --since all')
    expect({ code, error }).toEqual({
      code: 3,
      error: 'no serial was told: who asked is known by its MAC alone',
    })
  })
})
