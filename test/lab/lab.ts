import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BootReport } from '../../src/netboot/boot-client/boot-report.ts'

export interface LabPi {
  readonly name: string
  readonly mac: string
}

export interface Output {
  /** Exit status; undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Given to it as its input. */
  readonly input?: string
  /** Hears each line of its output as it comes. */
  readonly tell?: (line: string) => void
}

/** A run of pifarm that is going on. */
export interface Running {
  readonly ended: Promise<Output>
  /** Answers when a line with this text has come on stderr or stdout. Throws when it ends before. */
  said(text: string): Promise<void>
  /** What Ctrl-C does. */
  interrupt(): Promise<void>
}

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** What test/setup.js unpacked of Debian's packages tftpd-hpa and raspi-firmware. */
export const debian = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'pifarm-test/debian',
)
const tsx = createRequire(import.meta.url).resolve('tsx')
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
}

/**
 * A farm's machines in namespaces of their own: a NAS 10.77.0.1 with real dhcpd, in.tftpd, mountd,
 * statd, exportfs, iptables and rsyslog, and one network namespace per Pi. See nas.sh for what it
 * is made of. Ends with `stop`, or with the process that started it, however that ends.
 */
export class Lab {
  readonly #namespaces: ChildProcess
  readonly #entering: readonly string[]
  /** The NAS's `/` as seen from outside. Absolute links lead out of it: follow none. */
  readonly root: string
  /** The command that runs a file of TypeScript. */
  readonly typescript: readonly string[] = [process.execPath, '--import', tsx]
  #files = 0

  constructor(namespaces: ChildProcess) {
    this.#namespaces = namespaces
    const { pid } = namespaces
    const ns = `/proc/${pid}/ns`
    this.root = `/proc/${pid}/root`
    this.#entering = [`--mount=${ns}/mnt`, `--net=${ns}/net`, `--pid=${ns}/pid_for_children`, '--']
  }

  /** Runs a command on the NAS. */
  async nas(argv: readonly string[], options: RunOptions = {}): Promise<Output> {
    const { input, tell } = options
    const process = this.#enter(argv)
    if (input !== undefined) process.stdin?.write(input)
    process.stdin?.end()
    return await outputOf(process, tell)
  }

  /** Runs a command on the NAS that must succeed; answers what it printed. */
  async must(argv: readonly string[], input?: string): Promise<string> {
    const output = await this.nas(argv, input === undefined ? {} : { input })
    if (output.code !== 0)
      throw new Error(`${argv.join(' ')} ended with ${output.code}:\n${output.stderr}`)
    return output.stdout
  }

  /** Runs a command where a Pi is. */
  async at(name: string, argv: readonly string[], options: RunOptions = {}): Promise<Output> {
    return await this.nas(['nsenter', `--net=/run/netns/${name}`, '--', ...argv], options)
  }

  /** Runs the built pifarm on the NAS. */
  async pifarm(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    return await this.nas(pifarmArgv(args), options)
  }

  /** Starts pifarm on the NAS and leaves it running. */
  start(args: readonly string[], tell?: (line: string) => void): Running {
    // The shell says under which number the NAS knows the process: that is where Ctrl-C goes.
    const pidFile = `/run/lab/pifarm-${this.#files++}.pid`
    const argv = ['sh', '-c', `echo $$ >${pidFile}; exec "$@"`, 'sh', ...pifarmArgv(args)]
    const heard: string[] = []
    const waiting = new Set<() => void>()
    const child = this.#enter(argv)
    child.stdin?.end()
    let over = false
    const ended = outputOf(child, (line) => {
      heard.push(line)
      tell?.(line)
      for (const look of waiting) look()
    }).finally(() => {
      over = true
      for (const look of waiting) look()
    })
    return {
      ended,
      said: (text) =>
        new Promise((resolve, reject) => {
          const look = () => {
            const found = heard.some((line) => line.includes(text))
            if (!found && !over) return
            waiting.delete(look)
            if (found) resolve()
            else reject(new Error(`pifarm ended without saying "${text}":\n${heard.join('\n')}`))
          }
          waiting.add(look)
          look()
        }),
      interrupt: async () => {
        await this.must(['sh', '-c', `kill -INT $(cat ${pidFile})`])
      },
    }
  }

  /** Switches a Pi on and answers what it went through until its kernel would start. */
  async boot(
    pi: { readonly name: string; readonly mac: string; readonly serial: string },
    tell?: (line: string) => void,
  ): Promise<BootReport> {
    const report = `/run/lab/boot-${this.#files++}.json`
    const board = ['--interface', 'eth0', '--mac', pi.mac, '--serial', pi.serial]
    const output = await this.at(
      pi.name,
      [...this.typescript, `${project}/test/lab/pi.ts`, ...board, '--json', report],
      tell === undefined ? {} : { tell },
    )
    const text = await this.read(report).catch(() => undefined)
    if (text === undefined)
      throw new Error(`pi.ts ended with ${output.code}:\n${output.stdout}${output.stderr}`)
    return JSON.parse(text) as BootReport
  }

  /** A script of services/, most of which stand for `systemctl` with one service. */
  service(name: 'isc-dhcp-server' | 'nfs-server' | 'nfs-ganesha'): string {
    return `/run/lab/services/${name}`
  }

  async read(path: string): Promise<string> {
    return await readFile(`${this.root}${path}`, 'utf8')
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(`${this.root}${path}`, text)
  }

  /** Ends every process of the lab; all its files are gone with the last of them. */
  async stop(): Promise<void> {
    if (this.#namespaces.exitCode !== null || this.#namespaces.signalCode !== null) return
    const ended = once(this.#namespaces, 'exit')
    this.#namespaces.stdin?.end()
    await ended
  }

  #enter(argv: readonly string[]): ChildProcess {
    return spawn('nsenter', [...this.#entering, ...argv], { cwd: '/', env: environment })
  }
}

/** Starts the NAS and lays the wires to these Pis. Needs root and what test/setup.js installs. */
export async function startLab(pis: readonly LabPi[]): Promise<Lab> {
  const namespaces = spawn(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['bash', `${project}/test/lab/nas.sh`, project, process.execPath, debian],
      ...pis.map(({ name, mac }) => `${name}=${mac}`),
    ],
    { cwd: '/', env: environment },
  )
  const stderr: string[] = []
  namespaces.stderr.on('data', (data) => stderr.push(String(data)))
  for await (const line of createInterface(namespaces.stdout))
    if (line === 'ready') return new Lab(namespaces)
  throw new Error(`the lab did not start:\n${stderr.join('')}`)
}

/** The command that runs the built pifarm. */
export function pifarmArgv(args: readonly string[]): string[] {
  return [process.execPath, `${project}/bin/pifarm.js`, ...args]
}

async function outputOf(child: ChildProcess, tell?: (line: string) => void): Promise<Output> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('started without pipes')
  let [out, err] = ['', '']
  // Decoded by the stream: a piece may end within a character.
  stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece
  })
  stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece
  })
  if (tell !== undefined)
    for (const pipe of [stdout, stderr]) createInterface(pipe).on('line', tell)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? undefined, stdout: out, stderr: err }
}
