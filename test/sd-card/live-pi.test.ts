import { describe, expect, test } from 'vitest'
import type { Output } from '../../src/host/host.ts'
import type { Remote } from '../../src/host/remote.ts'
import { blowFuse } from '../../src/sd-card/live-fuse.ts'
import { asRoot, identify, type Session } from '../../src/sd-card/live-pi.ts'
import { output } from '../support/fake-nas.ts'
import { recordingUi } from '../support/recording-ui.ts'

/** A Pi that answers each command, as one line, by a table; anything else fails. */
function remoteWith(answers: Readonly<Record<string, string | Output>>) {
  const inputs: (readonly [string, string])[] = []
  const remote: Pick<Remote, 'run'> = {
    async run(argv, input = '') {
      inputs.push([argv.join(' '), input])
      const answer = answers[argv.join(' ')]
      if (typeof answer === 'string') return output(answer)
      return answer ?? output('', 1, 'not in the table')
    },
  }
  return { remote, inputs }
}

describe('root on a Pi', () => {
  test('who is root needs no sudo', async () => {
    const { remote } = remoteWith({ 'id -u': '0\n', reboot: 'yes' })
    expect((await (await asRoot(remote, undefined))(['reboot'])).stdout).toBe('yes')
  })

  test('sudo without a password is taken where it is allowed', async () => {
    const { remote, inputs } = remoteWith({
      'id -u': '1000\n',
      'sudo -n -- true': '',
      'sudo -n -- tee x': '',
    })
    await (await asRoot(remote, undefined))(['tee', 'x'], 'text')
    expect(inputs.at(-1)).toEqual(['sudo -n -- tee x', 'text'])
  })

  test('else the password is asked for once and goes before the input', async () => {
    const { remote, inputs } = remoteWith({
      'id -u': '1000\n',
      'sudo -k -S -p  -- true': '',
      'sudo -k -S -p  -- tee x': '',
    })
    await (await asRoot(remote, async () => 'word'))(['tee', 'x'], 'text')
    expect(inputs.at(-1)).toEqual(['sudo -k -S -p  -- tee x', 'word\ntext'])
  })

  test.each([
    ['a wrong password', async () => 'wrong'],
    ['nobody to ask', undefined],
  ])('%s: refused', async (_what, ask) => {
    const { remote } = remoteWith({ 'id -u': '1000\n' })
    await expect(asRoot(remote, ask)).rejects.toThrow('cannot become root')
  })
})

describe('what a Pi is', () => {
  const cpuinfo = 'Revision\t: a02082\nSerial\t\t: 000000003333347a\nModel\t\t: Raspberry Pi 3\n'

  test('its own Ethernet is told from an adapter on USB by the serial', async () => {
    const { remote } = remoteWith({
      'cat /proc/cpuinfo': cpuinfo,
      'ls /sys/class/net': 'eth0\neth1\nlo\nwlan0\n',
      'cat /sys/class/net/eth0/address': '00:e0:4c:68:00:01\n',
      'cat /sys/class/net/eth1/address': 'b8:27:eb:33:34:7a\n',
      'cat /sys/class/net/wlan0/address': 'b8:27:eb:66:61:2f\n',
    })
    expect(await identify(remote.run)).toEqual({
      board: '3b',
      model: 'Raspberry Pi 3',
      serial: '3333347a',
      mac: 'b8:27:eb:33:34:7a',
    })
  })

  test("Debian's own kernel tells less: the fuses have it", async () => {
    const { remote } = remoteWith({
      'cat /proc/cpuinfo': 'processor\t: 0\n',
      'vcgencmd otp_dump': '28:0033347a\n30:00a22082\n',
    })
    expect(await identify(remote.run)).toMatchObject({ board: '3b', serial: '0033347a' })
  })

  test('what makes no sense is not told on', async () => {
    const { remote } = remoteWith({
      'cat /proc/cpuinfo': 'Revision\t: x\nSerial\t\t: ../../etc\nModel\t\t: \u001b[2JPi\n',
      'ls /sys/class/net': 'eth0;reboot\neth0\n',
      'cat /sys/class/net/eth0/address': 'zz\n',
    })
    expect(await identify(remote.run)).toEqual({
      board: undefined,
      model: '?[2JPi',
      serial: undefined,
      mac: undefined,
    })
  })
})

test('Ctrl-C while the line is written: it is taken out, and nothing restarts', async () => {
  const interrupt = new AbortController()
  const ran: string[] = []
  let config = 'gpu_mem=16\n'
  let unfinished = ''
  const run = async (argv: readonly string[], input = '') => {
    ran.push(argv.join(' '))
    if (argv[0] === 'vcgencmd') return output('17:1020000a\n')
    if (argv[0] === 'ls') return output('config.txt\nstart.elf\n')
    if (argv[0] === 'cat') return output(config)
    if (argv[0] === 'tee') unfinished = input
    if (argv[0] === 'mv') {
      config = unfinished
      interrupt.abort()
    }
    return output()
  }
  const ui = recordingUi(true)
  const session: Session = {
    ...{ where: 'pi@x', ui, run, askPassword: undefined, timeoutMs: 3_600_000 },
    remote: { run, close: () => {}, closed: new Promise(() => {}) } as unknown as Remote,
    connect: async () => Promise.reject(new Error('nobody is there')),
    signal: interrupt.signal,
  }
  await expect(blowFuse(session)).rejects.toThrow('aborted')
  expect(config).toBe('gpu_mem=16\n')
  expect(ran).not.toContain('reboot')
  expect(ui.warnings).toEqual([])
})
