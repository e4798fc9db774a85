import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sshTo } from '../../src/host/ssh.ts'
import { breakingWire, type CardPi, startCardPi } from '../support/card-pi.ts'
import type { Answer } from '../support/recording-ui.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { changesOf, plainWishes, sameButFor } from '../support/template-tree.ts'

let nas: ScratchNas
let source: SourceTree
let pi: CardPi

beforeAll(async () => {
  nas = scratchNas()
  source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  pi = await startCardPi(nas.dir, source)
})
afterAll(async () => {
  await pi.stop()
  nas.remove()
})

/** As known_hosts names it. */
function name(): string {
  return `[127.0.0.1]:${pi.port}`
}

interface Flags {
  readonly user?: string
  readonly port?: number
  readonly flags?: readonly string[]
  readonly answers?: readonly Answer[]
}

function build(name: string, { user = 'pi', port = pi.port, flags, answers = [] }: Flags = {}) {
  const trusting = ['--ssh-identity', pi.key, '--ssh-fingerprint', pi.fingerprint]
  const words = ['template', 'build', name, '--from-pi', `${user}@127.0.0.1`, '--json']
  const more = ['--ssh-port', String(port), ...(flags ?? trusting)]
  return nas.pifarm([...words, ...more, ...plainWishes], { answers })
}

/** What a build that failed has left in the roots. */
function left(name: string): string[] {
  return fs.readdirSync(nas.roots).filter((entry) => entry.includes(name))
}

describe.each([
  ['root', 'root'],
  ['a user who may become root', 'pi'],
])('over ssh as %s', (_, user) => {
  test('a Pi becomes a template equal to its card but for what the steps say', async () => {
    const built = await build(`of-${user}`, { user })
    expect([built.error, built.code]).toEqual(['', 0])
    const after = treeFacts(join(nas.roots, `of-${user}`))
    const isBoot = (path: string) => path.startsWith(`${source.boot}/`)
    const before = treeFacts(source.root)
    const rest = new Map([...after].filter(([path]) => !isBoot(path)))
    // The directory of the card itself is covered by what is mounted on it.
    const said = `${changesOf(built.stdout)}\n/var/swap /proc`
    expect(sameButFor(before, rest, said)).toEqual([])
    for (const name of ['config.txt', 'kernel8.img', 'overlays/README'])
      expect(
        fs.readFileSync(join(nas.roots, `of-${user}`, source.boot, name), 'latin1'),
      ).toBeTruthy()
    expect(JSON.parse(built.stdout).source.notes).toContain('left out the swap file /var/swap')
  })

  test('its serial and MAC are told, and how to add it', async () => {
    const built = await build(`told-${user}`, { user })
    expect(built.said).toContain(
      'to put it into the farm: pifarm add-pi --mac b8:27:eb:33:34:7a --serial 3333347a',
    )
  })
})

test('without a key the password is asked for', async () => {
  const flags = ['--ssh-fingerprint', pi.fingerprint]
  const built = await build('by-password', { flags, answers: ['wrong', pi.password] })
  expect([built.error, built.code]).toEqual(['', 0])
  expect(built.questions).toEqual([
    'Password of pi@127.0.0.1:',
    'That was not it. Password of pi@127.0.0.1:',
  ])
})

describe('a host key that nobody has seen', () => {
  test('is asked about, and remembered', async () => {
    const flags = ['--ssh-identity', pi.key]
    fs.rmSync(join(nas.state, 'ssh_known_hosts'), { force: true })
    const first = await build('asked', { flags, answers: [true] })
    expect([first.error, first.questions]).toEqual(['', ['Is that the right one?']])
    const second = await build('asked-not', { flags })
    expect([second.error, second.questions]).toEqual(['', []])
  })

  test('is refused where nobody can be asked, with the flag to give', async () => {
    fs.rmSync(join(nas.state, 'ssh_known_hosts'), { force: true })
    const built = await build('unknown', { flags: ['--ssh-identity', pi.key] })
    expect(built.error).toContain(`the host key of ${name()} is not known: ${pi.fingerprint}`)
    expect(built.hint).toContain(`--ssh-fingerprint ${pi.fingerprint}`)
    expect(left('unknown')).toEqual([])
  })

  test('is refused where another was expected', async () => {
    const other = `SHA256:${'A'.repeat(43)}`
    fs.rmSync(join(nas.state, 'ssh_known_hosts'), { force: true })
    const built = await build('other', {
      flags: ['--ssh-identity', pi.key, '--ssh-fingerprint', other],
    })
    expect(built.error).toBe(`the host key of ${name()} was not trusted`)
    expect(left('other')).toEqual([])
  })
})

test('a host key that has changed is refused', async () => {
  const another = fs.readFileSync(`${pi.key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  fs.writeFileSync(join(nas.state, 'ssh_known_hosts'), `[127.0.0.1]:${pi.port} ${another}\n`)
  const built = await build('changed')
  fs.rmSync(join(nas.state, 'ssh_known_hosts'))
  expect(built.error).toBe(
    `${name()} shows another host key than known_hosts has: ${pi.fingerprint}`,
  )
  expect(built.hint).toContain(`ssh-keygen -R '${name()}' -f '${nas.state}/ssh_known_hosts'`)
  expect(left('changed')).toEqual([])
})

test('a wrong password is refused', async () => {
  const file = join(nas.dir, 'password')
  fs.writeFileSync(file, 'wrong\n')
  const flags = ['--ssh-fingerprint', pi.fingerprint, '--ssh-password-file', file]
  const built = await build('wrong', { flags })
  expect(built.error).toBe('pi@127.0.0.1 refuses the login')
  expect(left('wrong')).toEqual([])
})

test('a user who may not become root is refused, with the line that lets him', async () => {
  const built = await build('nosudo', { user: 'stranger' })
  expect(built.error).toBe('stranger may not become root there without a password')
  expect(built.hint).toContain('stranger ALL=(ALL) NOPASSWD: ALL')
  expect(left('nosudo')).toEqual([])
})

test('a connection that breaks in the middle leaves nothing and says what to do', async () => {
  const wire = await breakingWire(pi.port, 200_000)
  const built = await build('broken', { port: wire.port })
  wire.close()
  expect(built.error).toBe('the connection to pi@127.0.0.1 was lost')
  expect(built.hint).toContain('run the command again')
  expect(left('broken')).toEqual([])
  expect(fs.existsSync(join(nas.state, 'templates/broken.json'))).toBe(false)
})

/** A tar of the Pi's own. */
function tarOfPi(text: string): void {
  fs.writeFileSync(join(pi.programs, 'tar'), `#!/host/bin/sh\n${text}\n`, { mode: 0o755 })
}

describe('a tar of the Pi', () => {
  const real = '/host/usr/bin/tar "$@"'

  afterEach(() => fs.rmSync(join(pi.programs, 'tar')))

  test.each([
    [
      'at once',
      'echo "tar: ./etc: Input/output error" >&2; exit 2',
      'tar: ./etc: Input/output error',
    ],
    ['in the middle', `${real} | head -c 200000; echo "tar: Killed" >&2; exit 137`, 'tar: Killed'],
    [
      'at its end',
      `${real}; echo "tar: ./x: Input/output error" >&2; exit 2`,
      'tar: ./x: Input/output error',
    ],
  ])('that fails %s is told by its own words, and nothing is left', async (_, text, said) => {
    tarOfPi(text)
    const built = await build('failed')
    expect([built.error, built.code]).toEqual([`tar on pi@127.0.0.1 failed: ${said}`, 3])
    expect(built.hint).toContain('its card may be failing')
    expect(left('failed')).toEqual([])
  })

  test('that saw files change gives a template, which says so', async () => {
    tarOfPi(`${real}; echo "tar: ./var/log/syslog: file changed as we read it" >&2; exit 1`)
    const built = await build('changing')
    expect([built.error, built.code]).toEqual(['', 0])
    expect(JSON.parse(built.stdout).source.notes).toContain(
      'tar: ./var/log/syslog: file changed as we read it',
    )
  })
})

test('a disk of the NAS that gets full in the middle is told as such, and nothing is left', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g,nr_inodes=40', 'small', nas.roots])
  try {
    const built = await build('full')
    expect(built.error).toMatch(/^unpacking what pi@127\.0\.0\.1 sent failed: .*No space left/)
    expect(built.hint).toContain('the disk of the roots is full: make room there')
    expect(left('full')).toEqual([])
  } finally {
    execFileSync('umount', [nas.roots])
  }
})

test('a Pi that loses its power while its password is typed is not waited for without end', async () => {
  const wire = await breakingWire(pi.port, 1_000_000)
  const target = { user: 'pi', host: '127.0.0.1', port: wire.port }
  const connect = sshTo(target, {
    home: nas.dir,
    keyFlag: '--ssh-identity',
    trust: async () => true,
    signal: new AbortController().signal,
    askPassword: async () => {
      wire.silence()
      return pi.password
    },
  })
  await expect(connect()).rejects.toThrow(`127.0.0.1:${wire.port} does not answer`)
  wire.close()
}, 30_000)

test('a port where nothing listens is told apart', async () => {
  const wire = await breakingWire(pi.port, 0)
  wire.close()
  const built = await build('nobody', { port: wire.port })
  expect(built.error).toContain(`cannot reach pi@127.0.0.1:${wire.port}: `)
  expect(built.hint).toContain('enable ssh')
})
