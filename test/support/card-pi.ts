import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SourceTree } from './source-tree.ts'

const script = fileURLToPath(new URL('card-pi.sh', import.meta.url))

/** `raspberry2`, in crypt(3). */
const passwordHash =
  '$6$pifarm$.l2PUfPTOJBOd.aQXC9aIKhN0kVwg/MiDxG6ypx3ei4SeIDSZDzeUATutTpX0TR.lA4qyIXE.VJp/f7I97jN4/'

export interface CardPi {
  readonly port: number
  /** File of the private key that both pi and root let in. */
  readonly key: string
  readonly fingerprint: string
  readonly password: string
  /** A directory of this machine: programs in it come before all others of the Pi. */
  readonly programs: string
  stop(): Promise<void>
}

/** Lays what sshd and sudo need into the tree, and starts it as a Pi. */
export async function startCardPi(dir: string, source: SourceTree): Promise<CardPi> {
  const key = join(dir, 'id')
  keygen(key)
  const programs = join(dir, 'programs')
  fs.mkdirSync(programs)
  layLogin(source.root, fs.readFileSync(`${key}.pub`, 'utf8'), programs)
  const card = join(dir, 'card')
  fs.mkdirSync(card)
  const port = await freePort()
  const arguments_ = [script, card, source.root, source.bootFiles, source.boot, String(port)]
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const pi = spawn('unshare', [...namespaces, 'bash', ...arguments_])
  const said: string[] = []
  pi.stderr.on('data', (data) => said.push(String(data)))
  let isReady = false
  for await (const line of createInterface(pi.stdout)) {
    isReady = line === 'ready'
    break
  }
  if (!isReady) throw new Error(`the Pi did not start:\n${said.join('')}`)
  const host = join(source.root, 'etc/ssh/ssh_host_ed25519_key.pub')
  const fingerprint = execFileSync('ssh-keygen', ['-lf', host], { encoding: 'utf8' }).split(' ')[1]
  return {
    port,
    key,
    fingerprint: fingerprint ?? '',
    password: 'raspberry2',
    programs,
    async stop() {
      const ended = once(pi, 'exit')
      pi.stdin.end()
      await ended
    },
  }
}

function keygen(file: string): void {
  fs.rmSync(file, { force: true })
  fs.rmSync(`${file}.pub`, { force: true })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
}

function layLogin(root: string, publicKey: string, programs: string): void {
  const path = ['', programs, '/usr/bin', '/usr/sbin'].join(':/host').slice(1)
  const at = (path: string) => join(root, path)
  for (const dir of ['host', 'lib64', 'usr/lib/x86_64-linux-gnu', 'usr/libexec/sudo', 'root'])
    fs.mkdirSync(at(dir), { recursive: true })
  keygen(at('etc/ssh/ssh_host_ed25519_key'))
  const accounts: readonly (readonly [string, number])[] = [
    ['root', 0],
    ['home/pi', 1000],
    ['home/stranger', 1001],
  ]
  for (const [home, uid] of accounts) {
    fs.mkdirSync(at(`${home}/.ssh`), { recursive: true, mode: 0o700 })
    fs.writeFileSync(at(`${home}/.ssh/authorized_keys`), publicKey, { mode: 0o600 })
    for (const below of ['', '/.ssh', '/.ssh/authorized_keys'])
      fs.chownSync(at(home + below), uid, uid)
  }
  // sudo would make it at its first success.
  fs.writeFileSync(at('home/pi/.sudo_as_admin_successful'), '')
  fs.chownSync(at('home/pi/.sudo_as_admin_successful'), 1000, 1000)
  const shell = '/host/bin/bash'
  const texts: Readonly<Record<string, string>> = {
    'etc/passwd': `root:x:0:0:root:/root:${shell}
pi:x:1000:1000:,,,:/home/pi:${shell}
stranger:x:1001:1001::/home/stranger:${shell}
sshd:x:105:65534::/run/sshd:/usr/sbin/nologin
`,
    'etc/shadow': `root:*:19000:0:99999:7:::
pi:${passwordHash}:19000:0:99999:7:::
stranger:*:19000:0:99999:7:::
`,
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n',
    'etc/ssh/sshd_config': `ListenAddress 127.0.0.1
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
PasswordAuthentication yes
PermitRootLogin prohibit-password
SetEnv PATH=${path}
`,
    'etc/sudoers': `Defaults secure_path="${path}"
root ALL=(ALL) ALL
pi ALL=(ALL) NOPASSWD: ALL
`,
    'etc/pam.d/sudo':
      'auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n',
  }
  for (const [file, text] of Object.entries(texts)) {
    fs.mkdirSync(join(at(file), '..'), { recursive: true })
    fs.writeFileSync(at(file), text)
  }
  fs.chmodSync(at('etc/sudoers'), 0o440)
  fs.chmodSync(at('etc/shadow'), 0o640)
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  return port
}

export interface Wire {
  readonly port: number
  /** From now on nothing comes back, as from a machine whose power is cut. */
  silence(): void
  close(): void
}

/** A wire to a port that breaks once so many bytes have come back through it. */
export async function breakingWire(to: number, bytes: number): Promise<Wire> {
  let silent = false
  const server = net.createServer((near) => {
    const far = net.connect(to, '127.0.0.1')
    let seen = 0
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    near.on('error', cut).on('close', cut).pipe(far)
    far.on('error', cut).on('close', cut)
    far.on('data', (data) => {
      seen += data.length
      if (seen > bytes) cut()
      else if (!silent && !near.write(data)) far.pause()
    })
    near.on('drain', () => far.resume())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    silence: () => {
      silent = true
    },
    close: () => server.close(),
  }
}
