import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import {
  asPi,
  destination,
  type LivePi,
  password,
  startLivePi,
} from '../support/live-pi/live-pi.ts'

const pi3 = {
  revision: 'a02082',
  serial: '000000003333347a',
  mac: 'b8:27:eb:33:34:7a',
  otp: '16:00280000\n17:1020000a\n28:3333347a\n',
}
const blown = { ...pi3, otp: pi3.otp.replace('17:1', '17:3') }
const pi4 = {
  revision: 'c03111',
  serial: '100000009ffefdef',
  mac: 'dc:a6:32:01:36:c2',
  eeprom: '[all]\nBOOT_UART=0\nBOOT_ORDER=0xf41\n',
}
const config = 'dtparam=audio=on\r\n[pi4]\r\narm_boost=1'
const enable = ['enable-netboot-sd', '--ssh', destination]

let pi: LivePi

afterEach(() => pi.stop())

const configNow = () => pi.read('boot/firmware/config.txt')
const restarted = () => pi.read('boot_id') !== 'first\n'

describe('a Pi 3 with its fuse as it came', () => {
  test('gets it blown; the line is out again, and what the Pi is is told', async () => {
    pi = await startLivePi(pi3)
    const outcome = await pi.pifarm(enable, [true, password, true])
    expect(outcome).toMatchObject({ code: 0, error: '' })
    expect(outcome.stdout).toBe(
      'Raspberry Pi under test  b8:27:eb:33:34:7a  3333347a\n' +
        '  pifarm add-pi --mac b8:27:eb:33:34:7a --serial 3333347a --model 3b',
    )
    expect(outcome.stderr).toContain('The fuse is permanent')
    expect(outcome.questions).toEqual([
      expect.stringMatching(/^\[127\.0\.0\.1\]:2222 was never seen before\. Is its key SHA256:/),
      'Password of root@127.0.0.1:',
      expect.stringContaining('Put the line into config.txt'),
    ])
    expect(pi.read('otp')).toContain('17:3020000a')
    expect(configNow()).toBe(config)
    expect(restarted()).toBe(true)
    expect(pi.read('home/.ssh/known_hosts')).toMatch(/^\[127\.0\.0\.1\]:2222 ssh-ed25519 \S+\n$/)
  })

  test('the host key is known the second time', async () => {
    pi = await startLivePi(pi3)
    await pi.pifarm(enable, [true, password, false])
    const { code, questions } = await pi.pifarm(enable, [password, false])
    expect({ code, asked: questions.length }).toEqual({ code: 7, asked: 2 })
    expect(configNow()).toBe(config)
    expect(restarted()).toBe(false)
  })

  test('old firmware does not write it: said, and the line is out again', async () => {
    pi = await startLivePi({ ...pi3, faults: ['weak-firmware'] })
    const { code, error } = await pi.pifarm(enable, [true, password, true])
    expect({ code, error }).toEqual({ code: 3, error: expect.stringContaining('is not set') })
    expect(configNow()).toBe(config)
  })

  test('an sshd that still answers while the Pi goes down is not taken for its return', async () => {
    pi = await startLivePi({ ...pi3, faults: ['lingers'] })
    const { code, error } = await pi.pifarm(enable, [true, password, true])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(configNow()).toBe(config)
  })

  test('it does not restart: said, and the line is out again', async () => {
    pi = await startLivePi({ ...pi3, faults: ['no-reboot'] })
    const { code, error } = await pi.pifarm(enable, [true, password, true])
    expect({ code, error }).toEqual({
      code: 3,
      error: expect.stringContaining('Operation inhibited'),
    })
    expect(configNow()).toBe(config)
  })

  test('it never comes back: says where the line still is, and what takes it out', async () => {
    pi = await startLivePi({ ...pi3, faults: ['stays-away'] })
    const argv = [...enable, '--timeout', '5']
    const { code, error, hint } = await pi.pifarm(argv, [true, password, true])
    expect({ code, error }).toEqual({
      code: 4,
      error: expect.stringContaining('did not come back'),
    })
    expect(hint).toContain(`--ssh ${destination} --remove`)
    expect(configNow()).toBe(`program_usb_boot_mode=1\r\n${config}`)
  })
})

describe('a login', () => {
  test('a wrong password is asked for again, three times, then refused', async () => {
    pi = await startLivePi(pi3)
    const { code, error, questions } = await pi.pifarm(enable, [true, 'no', 'never', 'nowhere'])
    expect({ code, error }).toEqual({ code: 3, error: 'root@127.0.0.1 refuses the login' })
    expect(questions.at(-1)).toBe('That was not it. Password of root@127.0.0.1:')
    expect(configNow()).toBe(config)
  })

  test('a key is taken without a question', async () => {
    pi = await startLivePi(blown)
    pi.write('authorized_keys', pi.read('home/.ssh/id_ed25519.pub'))
    const { code, stderr, questions } = await pi.pifarm([...enable, '--yes'])
    expect({ code, questions }).toEqual({ code: 0, questions: [] })
    expect(stderr).toContain('already set')
  })

  test('no key and nobody to ask: says so', async () => {
    pi = await startLivePi(pi3)
    const { code, hint } = await pi.pifarm([...enable, '--yes'])
    expect({ code, hint }).toEqual({ code: 3, hint: expect.stringContaining('--key') })
  })

  test('a host key that has changed is refused before any password is asked for', async () => {
    pi = await startLivePi(pi3)
    const other = pi.read('home/.ssh/id_ed25519.pub').split(' ').slice(0, 2).join(' ')
    pi.write('home/.ssh/known_hosts', `[127.0.0.1]:2222 ${other}\n`)
    const { error, hint, questions } = await pi.pifarm(enable, [password])
    expect(error).toContain('another host key')
    expect(hint).toContain("ssh-keygen -R '[127.0.0.1]:2222'")
    expect(questions).toEqual([])
  })

  test('of several host keys the known one is asked for; its name may be hashed', async () => {
    pi = await startLivePi(blown)
    const key = pi.read('host_key_ecdsa.pub').split(' ').slice(0, 2).join(' ')
    pi.write('home/.ssh/known_hosts', `[127.0.0.1]:2222 ${key}\n`)
    execFileSync('ssh-keygen', ['-H', '-f', pi.path('home/.ssh/known_hosts')], { stdio: 'ignore' })
    expect(pi.read('home/.ssh/known_hosts')).not.toContain('127.0.0.1')
    const { code, questions } = await pi.pifarm(enable, [password])
    expect({ code, asked: questions.length }).toEqual({ code: 0, asked: 1 })
  })

  test('a host key that is not trusted ends it', async () => {
    pi = await startLivePi(pi3)
    const { code } = await pi.pifarm(enable, [false])
    expect(code).toBe(7)
  })
})

describe('a user who is not root', () => {
  const enableAsPi = ['enable-netboot-sd', '--ssh', asPi]

  test.each([
    ['sudo asks for no password', 'pi ALL=(ALL) NOPASSWD: ALL', [true, password, true]],
    ['sudo asks for the password', 'pi ALL=(ALL) ALL', [true, password, password, true]],
  ])('%s: the fuse is blown, the line is out again', async (_, sudo, answers) => {
    pi = await startLivePi({ ...pi3, sudo })
    // A second time for the sudo of the connection after the restart.
    const { code, error } = await pi.pifarm(enableAsPi, [...answers, password])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(pi.read('otp')).toContain('17:3020000a')
    expect(configNow()).toBe(config)
  })

  test.each([
    ['a wrong password for sudo', 'pi ALL=(ALL) ALL', 'wrong'],
    ['no right to use sudo', undefined, password],
  ])('%s: said, and nothing is changed', async (_, sudo, answer) => {
    pi = await startLivePi({ ...pi3, ...(sudo && { sudo }) })
    const { code, error } = await pi.pifarm(enableAsPi, [true, password, answer])
    expect({ code, error }).toEqual({
      code: 3,
      error: 'that user cannot become root on the Pi',
    })
    expect(configNow()).toBe(config)
    expect(restarted()).toBe(false)
  })
})

describe('a fuse that is blown already', () => {
  test('says so and changes nothing', async () => {
    pi = await startLivePi(blown)
    const { code, stdout, stderr } = await pi.pifarm(enable, [true, password])
    expect(code).toBe(0)
    expect(stderr).toContain('the fuse is already set; nothing was changed')
    expect(stdout).toContain('--serial 3333347a')
    expect(configNow()).toBe(config)
    expect(restarted()).toBe(false)
  })

  test('--remove takes out a line that was left behind', async () => {
    pi = await startLivePi(blown)
    pi.write('boot/firmware/config.txt', `program_usb_boot_mode=1\r\n${config}`)
    expect((await pi.pifarm([...enable, '--remove'], [true, password])).code).toBe(0)
    expect(configNow()).toBe(config)
  })
})

describe('a Pi 4', () => {
  test('gets the network into its boot order, verified after the restart', async () => {
    pi = await startLivePi(pi4)
    const { code, stdout } = await pi.pifarm([...enable, '--json'], [true, password, true])
    expect(code).toBe(0)
    expect(pi.read('eeprom')).toBe('[all]\nBOOT_UART=0\nBOOT_ORDER=0xf241\n')
    expect(JSON.parse(stdout)).toMatchObject({ board: '4', serial: '9ffefdef', mac: pi4.mac })
    expect(configNow()).toBe(config)
  })

  test('that has it already is left alone', async () => {
    pi = await startLivePi({ ...pi4, eeprom: 'BOOT_ORDER=0xf21\n' })
    const { code, stderr } = await pi.pifarm(enable, [true, password])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('already') })
    expect(restarted()).toBe(false)
  })

  test('whose EEPROM does not take it: said', async () => {
    pi = await startLivePi({ ...pi4, faults: ['weak-firmware'] })
    const { code, error } = await pi.pifarm(enable, [true, password, true])
    expect({ code, error }).toEqual({
      code: 3,
      error: expect.stringContaining('BOOT_ORDER is 0xf41'),
    })
  })
})

test.each([
  ['a 3B+ needs nothing', 'a020d3', 0, /needs nothing/],
  ['a Zero 2 is refused', '902120', 2, /no Ethernet/],
  ['a 2B is told of the other card', 'a01041', 2, /knows only the card/],
  ['an unknown board is asked for', 'fffff0', 2, /which board/],
])('%s', async (_what, revision, code, said) => {
  pi = await startLivePi({ ...pi3, revision })
  const outcome = await pi.pifarm(enable, [true, password])
  expect(outcome.code).toBe(code)
  expect(outcome.stderr + outcome.error).toMatch(said)
  expect(configNow()).toBe(config)
})

test('nobody is there', async () => {
  pi = await startLivePi(pi3)
  const { code, error } = await pi.pifarm(['enable-netboot-sd', '--ssh', 'pi@127.0.0.1:9'], [true])
  expect({ code, error }).toEqual({
    code: 3,
    error: expect.stringContaining('cannot reach pi@127.0.0.1:9'),
  })
})
