import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { layPrograms } from '../support/native-programs.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

/** What runs inside a template that is being built, with programs of this machine in it. */
let nas: ScratchNas
let root: string
let hooks: string

beforeAll(() => {
  nas = scratchNas()
  hooks = join(nas.dir, 'hooks')
  const source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  root = source.root
  fs.cpSync(source.bootFiles, join(root, source.boot), { recursive: true })
  const programs = ['/bin/sh', '/bin/cat', '/bin/sleep', '/usr/bin/env', '/usr/bin/awk']
  layPrograms(root, programs)
  fs.renameSync(root, join(nas.roots, 'source'))
  root = join(nas.roots, 'source')
})
afterEach(() => {
  fs.rmSync(hooks, { recursive: true, force: true })
  fs.rmSync(join(root, 'usr/bin/apt-get'), { force: true })
  fs.rmSync(join(nas.roots, 'x'), { recursive: true, force: true })
})
afterAll(() => nas.remove())

function hook(name: string, text: string, mode = 0o755): void {
  fs.mkdirSync(hooks, { recursive: true })
  fs.writeFileSync(join(hooks, name), `#!/bin/sh\nset -e\n${text}\n`, { mode })
}

function build(more: readonly string[], signal?: AbortSignal) {
  const words = ['template', 'build', 'x', '--from-root', 'source', '--json', ...plainWishes]
  return nas.pifarm([...words, ...more], signal && { signal })
}

function read(path: string): string {
  return fs.readFileSync(join(nas.roots, 'x', path), 'utf8')
}

describe('hooks', () => {
  test('run in the order of their names, and what they undo is mended again', async () => {
    hook('20-second', 'echo second >>/etc/hooked; echo key >/etc/ssh/ssh_host_rsa_key')
    hook('10-first', 'echo first of $PIFARM_TEMPLATE >>/etc/hooked')
    hook('README', 'echo no executable >>/etc/hooked', 0o644)
    const built = await build(['--hook-dir', hooks])
    expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
    expect(read('etc/hooked')).toBe('first of x\nsecond\n')
    expect(fs.existsSync(join(nas.roots, 'x/etc/ssh/ssh_host_rsa_key'))).toBe(false)
    expect(JSON.parse(built.stdout).hooks).toEqual(['10-first', '20-second'])
  })

  test('one that fails ends the build with its words and the log, and nothing is left', async () => {
    hook('10-fails', 'echo it broke >&2; exit 3')
    const built = await build(['--hook-dir', hooks])
    expect([built.error, built.code]).toEqual(['the hook 10-fails failed: it broke', 3])
    const log = join(nas.state, 'templates/x.log')
    expect(built.hint).toContain(`what the commands said is in ${log}`)
    expect(fs.readFileSync(log, 'utf8')).toContain('it broke')
    expect(fs.readdirSync(nas.roots)).toEqual(['source'])
  })

  test('one that hangs ends with the build, and whatever it has started too', async () => {
    hook('10-hangs', 'sleep 98765 & echo started >/etc/hooked; sleep 98765')
    const stop = new AbortController()
    const building = build(['--hook-dir', hooks], stop.signal)
    const mark = join(nas.roots, '.x.pifarm-new/etc/hooked')
    while (!fs.existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 20))
    stop.abort()
    expect((await building).code).toBe(130)
    expect(fs.readdirSync(nas.roots)).toEqual(['source'])
    const running = fs.readdirSync('/proc').filter((pid) => isOf(pid, 'sleep\u000098765'))
    expect(running).toEqual([])
  })
})

function isOf(pid: string, words: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(words)
  } catch {
    return false // no process, or one that has ended
  }
}

describe('packages', () => {
  const apt = '/usr/bin/apt-get'

  test("are installed with the NAS's name servers, and no service starts", async () => {
    const found = 'cat /etc/resolv.conf >/etc/seen; /usr/sbin/policy-rc.d || echo $? >>/etc/seen'
    const status = 'echo "\nPackage: git\nStatus: install ok installed\nVersion: 1\n"'
    const text = `#!/bin/sh\n${found}\n${status} >>/var/lib/dpkg/status\n`
    fs.writeFileSync(join(root, apt), text, { mode: 0o755 })
    const built = await build(['--package', 'git'])
    expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
    expect(read('etc/seen')).toBe(`${fs.readFileSync('/etc/resolv.conf', 'utf8')}101\n`)
    expect(fs.existsSync(join(nas.roots, 'x/usr/sbin/policy-rc.d'))).toBe(false)
    expect(read('etc/resolv.conf')).toBe('nameserver 10.77.0.254\n')
  })

  test('are shown on their way as apt tells it, and the log has its words alone', async () => {
    const text = `#!/bin/sh
case "$*" in *APT::Status-Fd=3*) exec 4>&3 3>&- ;; *) exec 4>/dev/null ;; esac
case "$*" in
  *--print-uris*) printf "'http://d/a' a.deb 3000 MD5Sum:0\\n'http://d/b' b.deb 1000 MD5Sum:0\\n" ;;
  *update)
    echo 'dlstatus:1:40.0000:Retrieving file 1 of 3' >&4
    echo 'dlstatus:3:100.0000:Retrieving file 3 of 3' >&4 ;;
  *install*)
    echo 'dlstatus:1:25.0000:Retrieving file 1 of 2' >&4
    echo 'Get:1 http://d/a'
    echo 'pmstatus:libc6:amd64:50.0000:Unpacking libc6:amd64 (amd64)' >&4
    printf 'pmstatus:git:100.0000:Installed git (amd64)\n' >&4
    echo 'Setting up git'
    printf '\nPackage: git\nStatus: install ok installed\nVersion: 1\n' >>/var/lib/dpkg/status ;;
esac
`
    fs.writeFileSync(join(root, apt), text, { mode: 0o755 })
    const built = await build(['--package', 'git'])
    expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
    expect(built.steps.filter((line) => line.includes(' Packages'))).toEqual([
      'start Packages',
      'at Packages: fetching the lists 40/100 percent',
      'at Packages: reading the lists 0/0 percent',
      'at Packages: fetching 1000/4000 bytes',
      'at Packages: installing 50/100 percent',
      'at Packages: installing 100/100 percent',
      'done Packages',
    ])
    const log = fs.readFileSync(join(nas.state, 'templates/x.log'), 'utf8')
    expect(log).toBe('Get:1 http://d/a\nSetting up git\n')
  })

  test('that are not to be had end the build with the words of apt and the log', async () => {
    const text = '#!/bin/sh\necho the mirror is away >&2\nexit 100\n'
    fs.writeFileSync(join(root, apt), text, { mode: 0o755 })
    const built = await build(['--package', 'git'])
    expect(built.error).toMatch(/^apt-get update failed in .*: the mirror is away$/)
    expect(built.hint).toContain(join(nas.state, 'templates/x.log'))
    expect(built.code).toBe(3)
    expect(fs.readdirSync(nas.roots)).toEqual(['source'])
  })
})

test('the manifest tells the source, the steps, the packages and the kernel', async () => {
  const built = await build([])
  const sealed = fs.readFileSync(join(nas.state, 'templates/x.json'), 'utf8')
  expect(JSON.parse(sealed)).toEqual(JSON.parse(built.stdout))
  expect(JSON.parse(sealed)).toMatchObject({
    name: 'x',
    built: '2026-11-22T12:00:00.000Z',
    builder: expect.stringMatching(/^pifarm \d/),
    source: { kind: 'root', description: 'root source' },
    release: 'Debian GNU/Linux 12 (bookworm)',
    kernels: ['6.6.31-v8+'],
    packages: expect.arrayContaining(['ffmpeg 1.2', 'nodejs 1.2']),
    steps: expect.arrayContaining([
      {
        id: 'swap',
        title: expect.any(String),
        changes: expect.arrayContaining(['removed /var/swap']),
      },
    ]),
    remaining: [],
  })
})

// The last of all: it mends what the others build from.
describe('lint --fix of a root that was laid there by hand', () => {
  const fixing = ['template', 'lint', 'source', '--fix', '--package', 'git', ...plainWishes]

  beforeEach(() => fs.rmSync(join(nas.state, 'templates'), { recursive: true, force: true }))

  test('shows its steps while it installs', async () => {
    const text = `#!/bin/sh
case "$*" in *install*) echo 'pmstatus:git:50.0000:Unpacking git (amd64)' >&3 ;; esac
`
    fs.writeFileSync(join(root, 'usr/bin/apt-get'), text, { mode: 0o755 })
    const fixed = await nas.pifarm(fixing)
    expect([fixed.error, fixed.hint]).toEqual(['', ''])
    expect(fixed.steps).toEqual(
      expect.arrayContaining([
        'at Packages: installing 50/100 percent',
        'done Packages',
        'done No identity',
        'end',
      ]),
    )
  })

  test('names the log where what runs inside has failed', async () => {
    fs.writeFileSync(join(root, 'usr/bin/apt-get'), '#!/bin/sh\necho no mirror >&2; exit 100\n', {
      mode: 0o755,
    })
    const fixed = await nas.pifarm(fixing)
    expect([fixed.error, fixed.code]).toEqual([expect.stringMatching(/: no mirror$/), 4])
    const log = join(nas.state, 'templates/source.log')
    expect(fixed.hint).toContain(log)
    expect(fs.readFileSync(log, 'utf8')).toContain('no mirror')
  })
})
