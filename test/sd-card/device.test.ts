import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fillCard, makeCardImage, readCard } from '../support/card-image.ts'
import { pifarmHere } from '../support/pifarm-here.ts'

/** A loop device stands for the card: a block device with an MBR, a FAT and an ext4. */
const config = 'gpu_mem=16\n[pi4]\narm_boost=1\n'
const line = 'program_usb_boot_mode=1\n'
let dir = ''
let image = ''
let device = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-card-test-'))
  const root = join(dir, 'root')
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true })
  mkdirSync(join(root, 'usr/local'), { recursive: true })
  image = makeCardImage(dir, 'mbr', { 'config.txt': config, 'start.elf': 'elf' }, root)
  device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim()
})

afterEach(() => {
  execFileSync('losetup', ['-d', device])
  rmSync(dir, { recursive: true })
})

test('a card gets the line, once, and gives its bytes back', async () => {
  const argv = ['enable-netboot-sd', '--device', device, '--yes']
  expect(await pifarmHere(argv)).toMatchObject({ code: 0, error: '' })
  expect(readCard(image, 'mbr', 'config.txt')).toBe(line + config)
  expect((await pifarmHere(argv)).stderr).toContain('nothing was changed')
  expect((await pifarmHere([...argv, '--remove'])).code).toBe(0)
  expect(readCard(image, 'mbr', 'config.txt')).toBe(config)
})

test('a link such as those below /dev/disk/by-id names the card that it leads to', async () => {
  // Only below /dev is a device looked for.
  const link = `/dev/pifarm-test-${process.pid}`
  symlinkSync(device, link)
  try {
    const { code, stderr } = await pifarmHere(['enable-netboot-sd', '--device', link, '--yes'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(device) })
    expect(readCard(image, 'mbr', 'config.txt')).toBe(line + config)
  } finally {
    rmSync(link)
  }
})

test('a card without room for the line keeps its config.txt', async () => {
  const cluster = '#'.repeat(512)
  writeFileSync(join(dir, 'config.txt'), cluster)
  const drive = `${device}@@${4 * 1024 * 1024}`
  execFileSync('mcopy', ['-o', '-i', drive, join(dir, 'config.txt'), '::config.txt'])
  fillCard(device, 'mbr', join(dir, 'filler'))
  const { code } = await pifarmHere(['enable-netboot-sd', '--device', device, '--yes'])
  expect(code).toBe(3)
  expect(readCard(device, 'mbr', 'config.txt')).toBe(cluster)
})

test('killed at any moment: the card has the old config.txt or the new one, whole', async () => {
  const argv = ['enable-netboot-sd', '--device', device, '--yes']
  const program = [new URL('../../bin/pifarm.js', import.meta.url).pathname]
  for (const wait of [350, 450, 520, 580, 640, 700, 800, 1000]) {
    const child = spawn(process.execPath, [...program, ...argv], {
      detached: true,
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    await pause(wait)
    // The whole group: what it has started dies with it, as in a power cut.
    if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL')
    await ended
    expect([config, line + config]).toContain(readCard(device, 'mbr', 'config.txt'))
  }
  expect(await pifarmHere(argv)).toMatchObject({ code: 0, error: '' })
  expect(readCard(device, 'mbr', 'config.txt')).toBe(line + config)
})

test('--bootcode-only writes the card anew', async () => {
  const loader = join(dir, 'bootcode.bin')
  writeFileSync(loader, Buffer.alloc(50_000, 1))
  const argv = ['enable-netboot-sd', '--device', device, '--bootcode-only', '--bootcode', loader]
  const asked = await pifarmHere(argv, { answers: [false] })
  expect(asked).toMatchObject({ code: 7, questions: [expect.stringContaining('is lost')] })
  expect(readCard(image, 'mbr', 'config.txt')).toBe(config)
  expect(await pifarmHere([...argv, '--yes'])).toMatchObject({ code: 0, error: '' })
  expect(readCard(image, 'mbr', 'bootcode.bin')).toBe(readFileSync(loader, 'latin1'))
})

test('--bootcode-only leaves a card alone that was put in while it asked', async () => {
  const loader = join(dir, 'bootcode.bin')
  writeFileSync(loader, Buffer.alloc(50_000, 1))
  const other = join(dir, 'other.img')
  execFileSync('cp', [image, other])
  execFileSync('truncate', ['-s', '+100M', other])
  const argv = ['enable-netboot-sd', '--device', device, '--bootcode-only', '--bootcode', loader]
  const outcome = await pifarmHere(argv, {
    answers: [true],
    asked: () => {
      execFileSync('losetup', ['-d', device])
      execFileSync('losetup', [device, other])
    },
  })
  expect(outcome).toMatchObject({
    ...{ code: 2, error: `${device} is not the card that you were asked about any more` },
  })
  expect(readCard(other, 'mbr', 'config.txt')).toBe(config)
})

test('a second run on the same card says so, and changes nothing', async () => {
  const second: unknown[] = []
  const argv = ['enable-netboot-sd', '--device', device]
  const first = await pifarmHere(argv, {
    answers: [true],
    heard: (text) => {
      if (text.startsWith('The fuse is permanent')) second.push(pifarmHere([...argv, '--remove']))
    },
  })
  expect(first).toMatchObject({ code: 0, error: '' })
  expect(await Promise.all(second)).toMatchObject([
    { code: 6, error: `another run is at work on ${device}` },
  ])
  expect(readCard(image, 'mbr', 'config.txt')).toBe(line + config)
})

describe('--report', () => {
  const report = (...words: readonly string[]) => [
    ...['enable-netboot-sd', '--device', device, '--report', '--listen', '127.0.0.1'],
    ...words,
  ]

  test('the card tells what board it is in; --remove takes everything off again', async () => {
    const { code, stdout } = await pifarmHere(report('--count', '1', '--timeout', '20', '--yes'), {
      heard: (text) => {
        if (text.startsWith('listening')) void bootFromCard()
      },
    })
    expect(code).toBe(0)
    expect(stdout).toBe(
      '3333347a  b8:27:eb:33:34:7a  Raspberry Pi 3 Model B Rev 1.2  fuse set\n' +
        '  pifarm add-pi --mac b8:27:eb:33:34:7a --serial 3333347a --model 3b',
    )
    expect(readCard(image, 'mbr', 'config.txt')).toBe(line + config)
    const removed = await pifarmHere(['enable-netboot-sd', '--device', device, '--remove'])
    expect(removed.stderr).toContain('the reporter was taken off')
    expect(readCard(image, 'mbr', 'config.txt')).toBe(config)
    onCard((root) => {
      expect(existsSync(join(root, 'usr/local/sbin/pifarm-report'))).toBe(false)
      expect(existsSync(join(root, 'etc/systemd/system/pifarm-report.service'))).toBe(false)
    })
  })

  test('nobody reports: says so, and what may be the cause', async () => {
    const argv = report('--timeout', '1', '--yes')
    expect(await pifarmHere(argv)).toMatchObject({ code: 3, error: 'no Pi has reported' })
  })

  test('Ctrl-C ends the listening', async () => {
    const interrupt = new AbortController()
    let url = ''
    const { code } = await pifarmHere(report('--yes'), {
      signal: interrupt.signal,
      heard: (text) => {
        url = /listening at (\S+);/.exec(text)?.[1] ?? url
        if (text.startsWith('end with')) setTimeout(() => interrupt.abort(), 100)
      },
    })
    expect(code).toBe(130)
    await expect(fetch(`http://${url}/`)).rejects.toThrow('fetch failed')
  })

  test('it ends when its reader has gone, as after `| head -1`', async () => {
    const gone = new AbortController()
    const { code, error } = await pifarmHere(report('--yes'), {
      whenUnread: () => gone.signal,
      heard: (text) => {
        if (text.startsWith('end with')) setTimeout(() => gone.abort(), 100)
      },
    })
    expect({ code, error }).toEqual({ code: 0, error: '' })
  })

  test('an address of another machine: pifarm ends, also where its output is a pipe', async () => {
    const pifarm = new URL('../../bin/pifarm.js', import.meta.url).pathname
    const argv = ['enable-netboot-sd', '--device', device, '--report', '--listen', '192.0.2.1']
    const script = '{ "$@"; echo "ended with $?"; } | cat'
    const run = spawn('sh', ['-c', script, 'sh', process.execPath, pifarm, ...argv, '--yes'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let said = ''
    run.stdout.on('data', (text) => {
      said += text
    })
    await once(run, 'close')
    expect(said).toBe('ended with 2\n')
  })

  test('declined: neither the line nor the reporter is on the card', async () => {
    const { code } = await pifarmHere(report(), { answers: [false] })
    expect(code).toBe(7)
    expect(readCard(image, 'mbr', 'config.txt')).toBe(config)
    onCard((root) => {
      expect(existsSync(join(root, 'usr/local/sbin/pifarm-report'))).toBe(false)
    })
  })

  /** Does what a Pi's systemd would: runs the unit's program. */
  async function bootFromCard(): Promise<void> {
    const bin = join(dir, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'vcgencmd'), '#!/bin/sh\necho 16:00280000\necho 17:3020000a\n', {
      mode: 0o755,
    })
    writeFileSync(
      join(dir, 'cpuinfo'),
      'Hardware\t: BCM2835\nRevision\t: a02082\nSerial\t\t: 000000003333347a\nModel\t\t: Raspberry Pi 3 Model B Rev 1.2\n',
    )
    let script = ''
    onCard((root) => {
      const wants = join(root, 'etc/systemd/system/multi-user.target.wants/pifarm-report.service')
      const unit = execFileSync('readlink', [wants], { encoding: 'utf8' }).trim()
      const text = readFileSync(join(root, unit), 'utf8')
      const program = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? ''
      script = readFileSync(join(root, program), 'utf8')
    })
    const copy = join(dir, 'report.sh')
    writeFileSync(copy, script, { mode: 0o755 })
    // A private mount namespace: this board's cpuinfo and network adapters are those of a Pi there.
    const setUp =
      'mount --bind "$1/cpuinfo" /proc/cpuinfo && mount -t tmpfs none /sys/class/net && ' +
      'mkdir /sys/class/net/eth0 && echo b8:27:eb:33:34:7a >/sys/class/net/eth0/address && ' +
      'PATH="$1/bin:$PATH" exec "$1/report.sh"'
    await once(spawn('unshare', ['-m', 'sh', '-c', setUp, 'sh', dir]), 'close')
  }
})

/** Looks at the card's root filesystem. */
function onCard(look: (root: string) => void): void {
  const mount = mkdtempSync(join(dir, 'mount-'))
  execFileSync('mount', ['-o', `loop,offset=${44 * 1024 * 1024},ro,noload`, device, mount])
  try {
    look(mount)
  } finally {
    spawnSync('umount', [mount])
  }
}
