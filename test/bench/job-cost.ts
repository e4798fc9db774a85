import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

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
  /** Says, on its stdout, that a first part of the work is done. */
  readonly mark?: string
}

export interface JobCost extends Cost {
  /** Until the mark was said; all, where it was not. */
  readonly part: Cost
}

const tickMs = 10

/** What programs cost that run beside one another, with everything that they start. */
export async function jobCost(works: readonly Work[]): Promise<JobCost> {
  const dir = await mkdtemp(join(tmpdir(), 'pifarm-cost-'))
  try {
    const start = performance.now()
    const running = works.map((work, at) => begin(work, join(dir, `${at}`)))
    let memory = 0
    let part: Cost | undefined
    for (const { child, marked } of running)
      marked.then(() => {
        const cpu = ticksUntilNow(child.pid ?? 0) * tickMs
        part = { wall: performance.now() - start, cpu, memory: memory / 1024 }
      })
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
    const all = { wall, cpu: cpu * tickMs, memory: memory / 1024 }
    return { ...all, part: part ?? all }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A shell waits for it, and writes down what the kernel then knows of its children. */
const waiting = '"$@"; code=$?; read -r line < /proc/$$/stat; echo "$line" > "$0"; exit $code'

function begin({ argv, line, path, cwd, mark }: Work, report: string) {
  const child = spawn('sh', ['-c', waiting, report, ...argv], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path ?? process.env.PATH },
  })
  if (line === undefined) child.stdin.end()
  else child.stdin.write(`${line}\n`)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said = (said + piece).slice(-2000)
  })
  const lines = createInterface(child.stdout)
  const marked = new Promise<void>((resolve) => {
    lines.on('line', (each) => mark !== undefined && each.includes(mark) && resolve())
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${argv.join(' ')}: ${code}: ${said}`)),
    )
  })
  return { child: child as ChildProcess, marked, ended }
}

/** User and system time of waited-for children: the sixteenth and seventeenth field of a stat line. */
function ticksOf(stat: string): number {
  const fields = stat.trim().split(' ')
  return Number(fields[15]) + Number(fields[16])
}

/** In kB, of a process and all that it started. */
function memoryOf(pid: number): number {
  return overTree(pid, (each) => {
    const own = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1]
    return Number(own ?? 0)
  })
}

/** Of a process and all that it started, whether they run still or were waited for. */
function ticksUntilNow(pid: number): number {
  return overTree(pid, (each) => {
    // Its name, which may hold anything, ends with the last bracket.
    const stat = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ').at(-1) ?? ''
    const [user, system, ofChildren, inKernel] = stat.split(' ').slice(11, 15).map(Number)
    return (user ?? 0) + (system ?? 0) + (ofChildren ?? 0) + (inKernel ?? 0)
  })
}

function overTree(pid: number, own: (pid: number) => number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return children
      .filter((each) => each !== '')
      .reduce((sum, each) => sum + overTree(Number(each), own), own(pid))
  } catch {
    // It has just ended.
    return 0
  }
}
