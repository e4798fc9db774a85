import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { unfinishedOf } from '../../src/host/host.ts'
import { localHost } from '../../src/host/local.ts'
import { holdLock } from '../../src/host/lock.ts'
import { dir, file } from '../support/fake-nas.ts'
import { keepsTheHostContract } from './contract.ts'

const made: string[] = []
function scratch(): string {
  const top = fs.mkdtempSync(join(tmpdir(), 'pifarm-host-'))
  made.push(top)
  return top
}
afterAll(() => {
  for (const top of made) fs.rmSync(top, { recursive: true, force: true })
})

const calm = new AbortController().signal

describe('the real host', () => {
  keepsTheHostContract(async () => ({ nas: localHost(), top: scratch() }))

  it('knows which programs are not there, by PATH and by place', async () => {
    const top = scratch()
    fs.writeFileSync(join(top, 'program'), '#!/bin/sh\n', { mode: 0o755 })
    fs.writeFileSync(join(top, 'text'), '#!/bin/sh\n', { mode: 0o644 })
    const asked = ['sh', 'no-such-program', `${top}/program`, `${top}/text`, `${top}/none`, top]
    expect(await localHost().lacking(asked)).toEqual([
      'no-such-program',
      `${top}/text`,
      `${top}/none`,
      top,
    ])
  })

  it('takes what a killed write left beside as no obstacle', async () => {
    const path = join(scratch(), 'f')
    fs.writeFileSync(unfinishedOf(path), 'half')
    await localHost().put(path, file('whole'))
    expect(fs.readFileSync(path, 'utf8')).toBe('whole')
    expect(fs.existsSync(unfinishedOf(path))).toBe(false)
  })

  it('writes below a tree that others write into, and through no link of theirs', async () => {
    const top = scratch()
    const outside = scratch()
    fs.writeFileSync(join(outside, 'hostname'), 'nas')
    fs.mkdirSync(join(top, 'etc/deep'), { recursive: true })
    const nas = localHost()
    await nas.putBelow(top, join(top, 'etc/deep/f'), file('deep', 0o640))
    expect(await nas.read(join(top, 'etc/deep/f'))).toMatchObject({ text: 'deep', mode: 0o640 })
    await nas.putBelow(top, join(top, 'etc/deep/f'), undefined)
    expect(fs.readdirSync(join(top, 'etc/deep'))).toEqual([])
    // A link as the file itself is replaced, not followed; one on the way is an error.
    fs.symlinkSync(join(outside, 'hostname'), join(top, 'etc/hostname'))
    await nas.putBelow(top, join(top, 'etc/hostname'), file('mine'))
    expect(fs.lstatSync(join(top, 'etc/hostname')).isFile()).toBe(true)
    fs.symlinkSync(outside, join(top, 'link'))
    for (const entry of [file('planted'), undefined])
      await expect(nas.putBelow(top, join(top, 'link/hostname'), entry)).rejects.toThrow('ENOTDIR')
    expect(fs.readFileSync(join(outside, 'hostname'), 'utf8')).toBe('nas')
    expect(fs.readdirSync(outside)).toEqual(['hostname'])
  })

  it('reads below a tree no file of the NAS, however quickly its owner plants a link', async () => {
    const [top, outside] = [scratch(), scratch()]
    fs.writeFileSync(join(outside, 'hosts'), 'of the NAS')
    fs.mkdirSync(join(top, 'etc'))
    fs.writeFileSync(join(top, 'etc/hosts'), 'mine')
    const swap = `const fs = require('node:fs')
      process.chdir(${JSON.stringify(top)})
      fs.symlinkSync(${JSON.stringify(outside)}, 'link')
      fs.symlinkSync(${JSON.stringify(join(outside, 'hosts'))}, 'hosts')
      for (;;) {
        for (const [name, other] of [['etc', 'link'], ['etc/hosts', 'hosts']]) {
          fs.renameSync(name, 'aside'); fs.renameSync(other, name)
          fs.renameSync(name, other); fs.renameSync('aside', name)
        }
      }`
    const pi = spawn(process.execPath, ['-e', swap], { stdio: 'ignore' })
    try {
      const nas = localHost()
      const seen = new Set<unknown>()
      const all = ['file', 'link', undefined]
      for (let reads = 0; reads < 5000 || !all.every((kind) => seen.has(kind)); reads++) {
        const entry = await nas.readBelow(top, join(top, 'etc/hosts'))
        if (entry?.kind === 'file') expect(entry.text).toBe('mine')
        seen.add(entry?.kind)
      }
    } finally {
      const ended = once(pi, 'exit')
      pi.kill('SIGKILL')
      await ended
    }
  })

  it('reads below a tree no pipe, which would keep it waiting, and touches no device', async () => {
    const top = scratch()
    await execa('mkfifo', [join(top, 'hosts')])
    // 245:77 is nobody's: to open it is an error.
    await execa('mknod', [join(top, 'hostname'), 'c', '245', '77'])
    const nas = localHost()
    for (const name of ['hosts', 'hostname'])
      expect(await nas.readBelow(top, join(top, name))).toEqual({ kind: 'other' })
  })

  it('does not shorten the mode by the umask', async () => {
    const top = scratch()
    const before = process.umask(0o077)
    try {
      await localHost().put(join(top, 'd'), dir(0o755))
      await localHost().put(join(top, 'd/f'), file('x', 0o644))
    } finally {
      process.umask(before)
    }
    expect(fs.statSync(join(top, 'd')).mode & 0o777).toBe(0o755)
    expect(fs.statSync(join(top, 'd/f')).mode & 0o777).toBe(0o644)
  })

  it('answers 127 for a program that is not there, and 128 for one that a signal ended', async () => {
    const nas = localHost()
    expect(await nas.ask(['no-such-program-at-all'])).toMatchObject({ code: 127 })
    expect(await nas.ask([process.execPath, '-e', 'process.kill(process.pid)'])).toMatchObject({
      code: 128,
    })
  })

  it('feeds a command its input and gives back both outputs', async () => {
    expect(await localHost().ask(['sh', '-c', 'cat; echo oops >&2; exit 3'], 'in')).toEqual({
      code: 3,
      stdout: 'in',
      stderr: 'oops\n',
    })
  })

  it('ends the program when it is followed no longer', async () => {
    const path = join(scratch(), 'log')
    fs.writeFileSync(path, 'one\n')
    const lines = localHost().follow(['tail', '-n', '+0', '-F', path], calm)
    for await (const line of lines) {
      expect(line).toBe('one')
      break
    }
    const running = () => execa('pgrep', ['-f', `^tail .* ${path}`], { reject: false })
    await expect.poll(async () => (await running()).stdout).toBe('')
  })

  it.each([
    ['sh', ['-c', 'echo one; exit 3'], 'sh ended with 3', ['one']],
    ['no-such-program', [], 'no-such-program could not be run, or was ended', []],
  ])('says that the program %s failed, after its lines', async (program, words, message, said) => {
    const lines: string[] = []
    await expect(async () => {
      for await (const line of localHost().follow([program, ...words], calm)) lines.push(line)
    }).rejects.toThrow(message)
    expect(lines).toEqual(said)
  })

  it('follows a file through rotation until it is told to stop', async () => {
    const path = join(scratch(), 'log')
    fs.writeFileSync(path, 'one\n')
    const stop = new AbortController()
    const lines: string[] = []
    for await (const line of localHost().follow(
      ['tail', '-n', '+0', '-s', '0.05', '-F', path],
      stop.signal,
    )) {
      lines.push(line)
      if (line === 'one') {
        fs.renameSync(path, `${path}.1`)
        fs.writeFileSync(path, 'two\n')
      }
      if (line === 'two') stop.abort()
    }
    expect(lines).toEqual(['one', 'two'])
  })
})

describe('a clone', () => {
  it('keeps hard links, capabilities, ACLs, xattrs, holes, owners, modes and times', async () => {
    const top = scratch()
    const from = join(top, 'from')
    await makeHardTree(from)

    await localHost().cloneTree({ from, to: join(top, 'to'), seeds: [] }, () => {}, calm)

    expect(await describeTree(join(top, 'to'))).toEqual(await describeTree(from))
  })

  it('stops at a filesystem that is mounted in the template', async () => {
    const top = scratch()
    const from = join(top, 'from')
    fs.mkdirSync(join(from, 'proc'), { recursive: true })
    const script = `mount -t tmpfs t ${join(from, 'proc')} && touch ${join(from, 'proc/x')} && exec node --import tsx -e '
      import { localHost } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/local.ts'))}
      await localHost().cloneTree({ from: ${JSON.stringify(from)}, to: ${JSON.stringify(join(top, 'to'))}, seeds: [] }, () => {}, new AbortController().signal)'`
    await execa('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script])
    expect(fs.readdirSync(join(top, 'to/proc'))).toEqual([])
  })

  it('refuses to plant through a link that leads out of the copy', async () => {
    const top = scratch()
    const victim = join(top, 'victim')
    fs.mkdirSync(victim)
    fs.mkdirSync(join(top, 'from'))
    fs.symlinkSync(victim, join(top, 'from/etc'))
    const seeds = [{ path: 'etc/hostname', entry: file('HLSPi1') }]

    await expect(
      localHost().cloneTree(
        { from: join(top, 'from'), to: join(top, 'to'), seeds },
        () => {},
        calm,
      ),
    ).rejects.toThrow('the template has no directory etc')

    expect(fs.readdirSync(victim)).toEqual([])
    expect(fs.existsSync(join(top, 'to'))).toBe(false)
  })

  it('refuses to copy a link, for its seeds would be planted in what it leads to', async () => {
    const top = scratch()
    fs.mkdirSync(join(top, 'template'))
    fs.writeFileSync(join(top, 'template/hostname'), 'template')
    fs.symlinkSync('template', join(top, 'from'))
    const seeds = [{ path: 'hostname', entry: file('HLSPi1') }]

    await expect(
      localHost().cloneTree(
        { from: join(top, 'from'), to: join(top, 'to'), seeds },
        () => {},
        calm,
      ),
    ).rejects.toThrow('is no directory')

    expect(fs.readFileSync(join(top, 'template/hostname'), 'utf8')).toBe('template')
    expect(fs.existsSync(join(top, 'to'))).toBe(false)
  })

  it('replaces a link at the place of a seed instead of following it', async () => {
    const top = scratch()
    fs.writeFileSync(join(top, 'victim'), 'mine')
    fs.mkdirSync(join(top, 'from'))
    fs.symlinkSync(join(top, 'victim'), join(top, 'from/hostname'))
    const seeds = [{ path: 'hostname', entry: file('HLSPi1') }]

    await localHost().cloneTree(
      { from: join(top, 'from'), to: join(top, 'to'), seeds },
      () => {},
      calm,
    )

    expect(fs.readFileSync(join(top, 'victim'), 'utf8')).toBe('mine')
    expect(fs.readFileSync(join(top, 'to/hostname'), 'utf8')).toBe('HLSPi1')
  })

  it('shows progress, stops on Ctrl-C, and is never seen half', async () => {
    const top = scratch()
    const [from, to] = [join(top, 'from'), join(top, 'to')]
    fs.mkdirSync(from)
    const stop = new AbortController()
    let seen = 0
    const cloneOf = async (files: number) => {
      for (let n = fs.readdirSync(from).length; n < files; n++)
        fs.writeFileSync(join(from, `${n}`), 'some text')
      const progress = (bytes: number) => {
        seen = Math.max(seen, bytes)
        if (bytes > 0) stop.abort()
      }
      await localHost().cloneTree({ from, to, seeds: [] }, progress, stop.signal)
    }
    // However quick the machine is: until a copy takes longer than progress waits.
    for (let files = 10_000; !stop.signal.aborted; files *= 2) {
      fs.rmSync(to, { recursive: true, force: true })
      await cloneOf(files).catch((error) => expect(error.name).toBe('AbortError'))
    }
    expect(seen).toBeGreaterThan(0)
    expect(fs.existsSync(to)).toBe(false)
  })

  it('says what the copy said when there is no room', async () => {
    const top = scratch()
    fs.mkdirSync(join(top, 'from'))
    fs.writeFileSync(join(top, 'from/big'), Buffer.alloc(3_000_000))
    const small = join(top, 'small')
    fs.mkdirSync(small)
    const script = `mount -t tmpfs -o size=1m t ${small} && exec node --import tsx -e '
      import { localHost } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/local.ts'))}
      await localHost().cloneTree({ from: ${JSON.stringify(join(top, 'from'))}, to: ${JSON.stringify(join(small, 'to'))}, seeds: [] }, () => {}, new AbortController().signal)'`
    const result = await execa('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
      reject: false,
    })
    expect(result.stderr).toContain('No space left on device')
  })
})

describe('the lock', () => {
  it('is free again when its holder is killed with kill -9', async () => {
    const path = join(scratch(), 'lock')
    const local = JSON.stringify(join(import.meta.dirname, '../../src/host/local.ts'))
    const holder = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { localHost } from ${local}
       await localHost().lock(${JSON.stringify(path)}, 'the one that dies')
       console.log('held')
       setInterval(() => {}, 1000)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(holder.stdout, 'data')
    expect(await localHost().lock(path, 'me')).toEqual({ heldBy: 'the one that dies' })

    holder.kill('SIGKILL')
    await once(holder, 'exit')

    await expect
      .poll(async () => {
        const lock = await localHost().lock(path, 'me')
        if ('release' in lock) await lock.release()
        return 'release' in lock
      })
      .toBe(true)
  })

  it('goes with its file where that is asked for, and is never taken on a file that went meanwhile', async () => {
    const dir = scratch()
    const path = join(dir, 'lock')
    const first = await holdLock(path, 'first', () => true)
    if ('heldBy' in first) throw new Error(first.heldBy)
    // Slow enough that the file goes between its opening and its locking.
    fs.mkdirSync(join(dir, 'bin'))
    fs.writeFileSync(join(dir, 'bin/flock'), '#!/bin/sh\nsleep 0.5\nexec /usr/bin/flock "$@"\n', {
      mode: 0o755,
    })
    const { PATH } = process.env
    process.env.PATH = `${dir}/bin:${PATH}`
    onTestFinished(() => {
      process.env.PATH = PATH
    })
    const second = holdLock(path, 'second', () => true)
    await sleep(200)
    await first.release()
    expect(fs.existsSync(path)).toBe(false)
    const lock = await second
    expect(await holdLock(path, 'third')).toEqual({ heldBy: 'second' })
    if ('release' in lock) await lock.release()
    expect(fs.existsSync(path)).toBe(false)
  })

  it('leaves the file alone that another made under its name', async () => {
    const path = join(scratch(), 'lock')
    const first = await holdLock(path, 'first', () => true)
    fs.unlinkSync(path)
    const second = await holdLock(path, 'second')
    if ('release' in first) await first.release()
    expect(await holdLock(path, 'third')).toEqual({ heldBy: 'second' })
    if ('release' in second) await second.release()
  })
})

/** Everything of daemons' section on copying that a copier may lose. */
async function makeHardTree(top: string): Promise<void> {
  fs.mkdirSync(join(top, 'bin'), { recursive: true })
  fs.copyFileSync('/bin/true', join(top, 'bin/ping'))
  await execa('setcap', ['cap_net_raw=ep', join(top, 'bin/ping')])
  fs.copyFileSync('/bin/true', join(top, 'bin/su'))
  fs.chmodSync(join(top, 'bin/su'), 0o4755)
  fs.linkSync(join(top, 'bin/su'), join(top, 'bin/su-too'))
  fs.mkdirSync(join(top, 'mail'))
  fs.chownSync(join(top, 'mail'), 0, 8)
  fs.chmodSync(join(top, 'mail'), 0o2775)
  await execa('setfacl', ['-m', 'u:1000:rw', '-d', '-m', 'g:1000:r', join(top, 'mail')])
  await execa('setfattr', ['-n', 'user.note', '-v', 'kept', join(top, 'bin/su')])
  const hole = fs.openSync(join(top, 'sparse'), 'w')
  fs.ftruncateSync(hole, 50_000_000)
  fs.writeSync(hole, 'end', 49_999_000)
  fs.closeSync(hole)
  await execa('mknod', [join(top, 'null'), 'c', '1', '3'])
  await execa('mkfifo', [join(top, 'pipe')])
  fs.symlinkSync('/etc/passwd', join(top, 'link'))
  fs.utimesSync(join(top, 'bin'), 1_000_000_000, 1_000_000_000.123)
}

async function describeTree(top: string): Promise<unknown> {
  const cwd = { cwd: top }
  const stat = '%n %f %u %g %h %s %t:%T %y'
  const { stdout: names } = await execa('find', ['.', '-printf', '%P\n'], cwd)
  const sorted = names.split('\n').filter(Boolean).sort()
  const { stdout: stats } = await execa('stat', ['-c', stat, ...sorted], cwd)
  const { stdout: acls } = await execa('getfacl', ['-R', '.'], cwd)
  const { stdout: attrs } = await execa('getfattr', ['-R', '-d', '-m', '-', '.'], cwd)
  const { stdout: blocks } = await execa('stat', ['-c', '%b', 'sparse'], cwd)
  return { stats: stats.split('\n'), acls, attrs, sparse: Number(blocks) < 100 }
}
