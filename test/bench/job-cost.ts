import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Cost {
  /** Until the last of them has ended, in ms. */
  readonly wall: number
  /** Of all their processes, in ms. */
  readonly cpu: number
  /** The most that they had at once, in MB; what they share is counted once. */
  readonly memory: number
}

export interface Work {
  readonly argv: readonly string[]
  /** One line on its stdin, which stays open. */
  readonly line?: string
  readonly path?: string
  readonly cwd: string
}

const tickMs = 10

/** What programs cost that run beside one another, with everything that they start. */
export async function jobCost(works: readonly Work[]): Promise<Cost> {
  const dir = await mkdtemp(join(tmpdir(), 'pifarm-cost-'))
  try {
    const start = performance.now()
    const running = works.map((work, at) => begin(work, join(dir, `${at}`)))
    let memory = 0
    const sampling = setInterval(() => {
      const now = running.reduce((sum, { child }) => sum + memoryOf(child.pid ?? 0), 0)
      memory = Math.max(memory, now)
    }, 100)
    try {
      await Promise.all(running.map(({ ended }) => ended))
    } finally {
      clearInterval(sampling)
    }
    const wall = performance.now() - start
    let cpu = 0
    for (const at of works.keys()) cpu += ticksOf(await readFile(join(dir, `${at}`), 'utf8'))
    return { wall, cpu: cpu * tickMs, memory: memory / 1024 }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A shell waits for it, and writes down what the kernel then knows of its children. */
const waiting = '"$@"; code=$?; read -r line < /proc/$$/stat; echo "$line" > "$0"; exit $code'

function begin({ argv, line, path, cwd }: Work, report: string) {
  const child = spawn('sh', ['-c', waiting, report, ...argv], {
    cwd,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, PATH: path ?? process.env.PATH },
  })
  if (line === undefined) child.stdin.end()
  else child.stdin.write(`${line}\n`)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said = (said + piece).slice(-2000)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${argv.join(' ')}: ${code}: ${said}`)),
    )
  })
  return { child: child as ChildProcess, ended }
}

/** User and system time of waited-for children: the sixteenth and seventeenth field of a stat line. */
function ticksOf(stat: string): number {
  const fields = stat.trim().split(' ')
  return Number(fields[15]) + Number(fields[16])
}

/** In kB, of a process and all that it started. */
function memoryOf(pid: number): number {
  try {
    const own = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return children
      .filter((each) => each !== '')
      .reduce((sum, each) => sum + memoryOf(Number(each)), Number(own ?? 0))
  } catch {
    // It has just ended.
    return 0
  }
}
