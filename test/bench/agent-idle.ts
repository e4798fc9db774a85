import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { StandInController, standInToken } from '../agent/stand-in-controller.ts'
import type { Row } from './measure.ts'

const agent = fileURLToPath(new URL('../../dist/agent.mjs', import.meta.url))
const seconds = 120
const mostMegabytes = 60
/** Of one core. */
const mostPercent = 0.5
const tickMs = 10

/** What an agent takes that waits for a job: on a Pi with 1 GB it is there all the time. */
export async function agentIdle(): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'pifarm-bench-'))
  const controller = new StandInController()
  // As the real one: a claim waits for as long as it asks.
  controller.mostWaitSeconds = 30
  await controller.come()
  const at = (name: string) => join(dir, name)
  await mkdir(at('media'))
  await writeFile(at('token'), standInToken, { mode: 0o600 })
  await writeFile(at('cmdline'), `muxid=7 muxcnc=${controller.url}\n`)
  const config = { mediaDir: at('media'), mountCommand: null, stateDir: at('state') }
  await writeFile(at('config.json'), JSON.stringify(config))
  const files = ['--config', at('config.json'), '--token-file', at('token')]
  const child = spawn(process.execPath, [agent, 'run', ...files, '--cmdline', at('cmdline')], {
    stdio: 'ignore',
  })
  try {
    await controller.until('a claim', () => controller.claims.length > 0, 300)
    const before = await ticksOf(child.pid ?? 0)
    await sleep(seconds * 1000)
    const spent = ((await ticksOf(child.pid ?? 0)) - before) * tickMs
    const percent = (100 * spent) / (seconds * 1000)
    const megabytes = await memoryOf(child.pid ?? 0)
    return [
      {
        what: 'agent idle: memory (RSS)',
        pifarm: `${Math.round(megabytes)} MB`,
        peer: `at most ${mostMegabytes} MB`,
        ratio: megabytes / mostMegabytes,
        bar: 1,
      },
      {
        what: 'agent idle: CPU, its looks at the share included',
        pifarm: `${percent.toFixed(2)} % of a core`,
        peer: `at most ${mostPercent} %`,
        ratio: percent / mostPercent,
        bar: 1,
      },
    ]
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
    await controller.leave()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Its own time and that of the children that it has waited for. */
async function ticksOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0)
}

async function memoryOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1024
}
