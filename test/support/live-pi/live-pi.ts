import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Answer } from '../recording-ui.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const runner = fileURLToPath(new URL('./pifarm-there.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

export const password = 'raspberry'
export const destination = 'root@127.0.0.1:2222'
/** A user who is not root. */
export const asPi = 'pi@127.0.0.1:2222'

export interface Outcome {
  readonly code: number
  readonly error: string
  readonly hint: string
  readonly stdout: string
  readonly stderr: string
  readonly questions: readonly string[]
}

interface Board {
  /** As /proc/cpuinfo has it. */
  readonly revision: string
  readonly serial: string
  readonly mac: string
  readonly otp?: string
  readonly eeprom?: string
  /** Its line for the user `pi` in sudoers; none: that user may not become root. */
  readonly sudo?: string
  /** The EEPROM and the fuse do not take; it never comes back; does not restart; goes down slowly. */
  readonly faults?: readonly ('weak-firmware' | 'stays-away' | 'no-reboot' | 'lingers')[]
}

/** A Pi in namespaces of its own, with a real sshd on its loopback and stand-ins for its tools. */
export class LivePi {
  readonly #namespaces: ChildProcess
  readonly #dir: string

  constructor(namespaces: ChildProcess, dir: string) {
    this.#namespaces = namespaces
    this.#dir = dir
  }

  /** Runs a command line of pifarm beside it, with a home of its own. */
  async pifarm(argv: readonly string[], answers: readonly Answer[] = []): Promise<Outcome> {
    const ns = `/proc/${this.#namespaces.pid}/ns`
    const child = spawn(
      'nsenter',
      [
        ...[`--net=${ns}/net`, `--mount=${ns}/mnt`, `--pid=${ns}/pid_for_children`, '--'],
        ...[process.execPath, '--import', tsx, runner],
      ],
      { env: { PATH: process.env.PATH, HOME: join(this.#dir, 'home') } },
    )
    child.stdin.end(JSON.stringify({ argv, answers }))
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece
    })
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece
    })
    await once(child, 'close')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Outcome
  }

  /** A file of its directory, e.g. `boot/firmware/config.txt`, `otp`, `home/.ssh/known_hosts`. */
  read(name: string): string {
    return readFileSync(join(this.#dir, name), 'utf8')
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#dir, name), text, { mode: 0o600 })
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  async stop(): Promise<void> {
    const ended = once(this.#namespaces, 'close')
    this.#namespaces.kill('SIGKILL')
    await ended
    rmSync(this.#dir, { recursive: true })
  }
}

/** Switches a Pi on. */
export async function startLivePi(board: Board): Promise<LivePi> {
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-live-pi-'))
  for (const name of ['boot/firmware', 'bin', 'home/.ssh'])
    mkdirSync(join(dir, name), { recursive: true })
  const put = (name: string, text: string, mode = 0o644) => {
    writeFileSync(join(dir, name), text)
    chmodSync(join(dir, name), mode)
  }
  const { revision, serial, mac, otp = '', eeprom = '', sudo, faults = [] } = board
  put('boot/firmware/config.txt', 'dtparam=audio=on\r\n[pi4]\r\narm_boost=1')
  put('mac', mac)
  put(
    'cpuinfo',
    `Revision\t: ${revision}\nSerial\t\t: ${serial}\nModel\t\t: Raspberry Pi under test\n`,
  )
  put('boot_id', 'first\n')
  put('otp', otp)
  put('eeprom', eeprom)
  for (const fault of faults) put(fault, '')
  put('bin/vcgencmd', `#!/bin/sh\n[ "$1" = otp_dump ] && cat '${dir}/otp'\n`, 0o755)
  put(
    'bin/rpi-eeprom-config',
    `#!/bin/sh\n[ "$1" = --apply ] && exec cp "$2" '${dir}/eeprom.new'\ncat '${dir}/eeprom'\n`,
    0o755,
  )
  copyFileSync(join(here, 'reboot.sh'), join(dir, 'bin/reboot'))
  chmodSync(join(dir, 'bin/reboot'), 0o755)
  put(
    'bin/start-sshd',
    `#!/bin/sh\nexec /usr/sbin/sshd -f '${dir}/sshd_config' -E '${dir}/log'\n`,
    0o755,
  )
  const hash = execFileSync('openssl', ['passwd', '-6', password], { encoding: 'utf8' }).trim()
  // A shell of its own: the profile of this machine's root may wait for locks, or print.
  put(
    'passwd',
    'root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\npi:x:1000:1000::/:/bin/sh\n',
  )
  put('group', 'root:x:0:\nnogroup:x:65534:\npi:x:1000:\n')
  const ages = '19000:0:99999:7:::'
  put('shadow', `root:${hash}:${ages}\nsshd:!:19000::::::\npi:${hash}:${ages}\n`, 0o600)
  put(
    'sudoers',
    `Defaults secure_path="${dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin"\nroot ALL=(ALL) ALL\n${sudo ?? ''}\n`,
    0o440,
  )
  // Nothing but the password decides: this machine's own rules may ask for more.
  put('pam', 'auth required pam_unix.so\naccount required pam_unix.so\n')
  const keys = { host_key: 'ed25519', host_key_ecdsa: 'ecdsa', 'home/.ssh/id_ed25519': 'ed25519' }
  for (const [key, type] of Object.entries(keys))
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(dir, key)])
  put(
    'sshd_config',
    [
      ...['ListenAddress 127.0.0.1', 'Port 2222', `HostKey ${dir}/host_key`],
      `HostKey ${dir}/host_key_ecdsa`,
      ...[`PidFile ${dir}/sshd.pid`, 'UsePAM no', 'PermitRootLogin yes', 'StrictModes no'],
      ...[`AuthorizedKeysFile ${dir}/authorized_keys`, 'LogLevel VERBOSE'],
      `SetEnv PATH=${dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      '',
    ].join('\n'),
  )
  const namespaces = spawn(
    'unshare',
    ['-n', '-m', '-p', '--fork', '--kill-child', '--mount-proc', 'sh', join(here, 'enter.sh'), dir],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: namespaces.stdout })
  const [line] = await Promise.race([once(lines, 'line'), once(namespaces, 'close')])
  if (line !== 'ready') throw new Error(`the Pi does not start: see ${dir}/log`)
  return new LivePi(namespaces, dir)
}
