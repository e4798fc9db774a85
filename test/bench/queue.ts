import { createHash } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseAddress } from '../../src/controller/db/database.ts'
import { type Child, startChild } from '../controller/child.ts'
import { adminToken } from '../controller/controller-here.ts'
import { fillQueue, openQueue } from '../controller/databases.ts'
import { type Farmhand, farmhand, newLedger } from '../controller/farmhand.ts'
import { startPostgresql } from '../support/postgresql.ts'
import { median, type Row, time } from './measure.ts'

const claimers = 8
const jobs = 2000
/** Claimed before the count begins, a thousand by each: a controller runs for months, and its first seconds show the compiler at work. */
const warmUp = 8000
const claimsPerSecond = 2000
const agents = 200
const latencyMs = 50
const rssMb = 200
const rounds = 5

/** Claims a second from eight processes on both databases, both with what they do for a power cut; the API before 200 waiting agents. */
export async function queue(): Promise<Row[]> {
  const dir = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  const server = await startPostgresql('fsync=on')
  try {
    let files = 0
    const flushes = flushRate(join(dir, 'flushed'))
    return [
      await claims('SQLite', flushes, async () => ({
        kind: 'sqlite',
        file: join(dir, `${++files}.db`),
      })),
      await claims('PostgreSQL', flushes, async () => ({
        kind: 'postgresql',
        url: await server.createDatabase(),
      })),
      ...(await api(dir)),
    ]
  } finally {
    await server.remove()
    rmSync(dir, { recursive: true })
  }
}

/** Each acknowledged claim is on the disk: whatever the code, one process makes no more of them than this. */
function flushRate(file: string): number {
  const fd = openSync(file, 'w')
  const page = Buffer.alloc(8192)
  const begun = performance.now()
  let flushes = 0
  for (; performance.now() - begun < 1000; flushes++) {
    writeSync(fd, page)
    fdatasyncSync(fd)
  }
  closeSync(fd)
  return flushes
}

async function claims(
  name: string,
  flushes: number,
  create: () => Promise<DatabaseAddress>,
): Promise<Row> {
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await claimRate(await create()))
  const rate = median(rates)
  return {
    what: `${name}: claims from ${claimers} processes`,
    pifarm: `${Math.round(rate)} a second`,
    peer: `bar: ${claimsPerSecond} a second; this disk flushes ${flushes}`,
    ratio: claimsPerSecond / rate,
    bar: 1,
  }
}

async function claimRate(database: DatabaseAddress): Promise<number> {
  const filled = await openQueue(database)
  await fillQueue(filled, warmUp + jobs)
  const working: Child[] = []
  for (let n = 1; n <= claimers; n++) {
    const options = { database, muxer: String(n), completes: false }
    working.push(await startChild('claimer-process.ts', options))
  }
  for (const one of working) await one.line()
  // Not before they are there: the last to close a file of SQLite puts its journal away.
  await filled.db.close()
  for (const one of working) one.tell('go')
  const said = await Promise.all(working.map(async (one) => JSON.parse(await one.line())))
  await Promise.all(working.map((one) => one.ended))
  const ids = said.flatMap((one) => one.ids)
  if (ids.length !== warmUp + jobs || new Set(ids).size !== ids.length)
    throw new Error('a job was lost or taken twice')
  const taken: number[] = said.flatMap((one) => one.taken).sort((a: number, b: number) => a - b)
  const seconds = ((taken.at(-1) ?? 0) - (taken[warmUp - 1] ?? 0)) / 1000
  return jobs / seconds
}

/** A heartbeat and a page of jobs, while 200 agents wait for work. */
async function api(dir: string): Promise<Row[]> {
  const ids = Array.from({ length: agents + 1 }, (_, index) => String(index + 1))
  const media = join(dir, 'media')
  mkdirSync(media)
  writeFileSync(join(media, 'v.mp4'), 'video')
  const agentTokens = join(dir, 'agent-tokens')
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  writeFileSync(agentTokens, ids.map((id) => `${id} ${hash(`t${id}`)} Pi${id}\n`).join(''))
  const database = { kind: 'sqlite', file: join(dir, 'api.db') }
  const options = { database, port: 0, media, admin: adminToken, agentTokens, rules: {} }
  const controller = await startChild('controller-process.ts', options)
  try {
    controller.tell('go')
    const url = await controller.line()
    const hands = ids.map((id) => farmhand(() => url, id, `t${id}`, newLedger()))
    for (const hand of hands) await hand.register()
    const [busy, ...idle] = hands as [Farmhand, ...Farmhand[]]
    await busy.submit('v.mp4')
    const claimed = await busy.claim(5)
    if (claimed === undefined) throw new Error('nothing was handed out')
    let polling = true
    const polls = idle.map(async (hand) => {
      while (polling) await hand.claim(2)
    })
    const beats = await timed(() => busy.heartbeat(claimed))
    const pages = await timed(() => busy.people('GET', '/v1/jobs'))
    const rss = Number(
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${controller.process.pid}/status`, 'utf8'))?.[1],
    )
    polling = false
    await Promise.all(polls)
    return [
      latency(`heartbeat, ${agents} agents waiting`, beats),
      latency(`GET /v1/jobs, ${agents} agents waiting`, pages),
      {
        what: `controller with ${agents} agents: RSS`,
        pifarm: `${Math.round(rss / 1024)} MB`,
        peer: `bar: ${rssMb} MB`,
        ratio: rss / 1024 / rssMb,
        bar: 1,
      },
    ]
  } finally {
    await controller.kill()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < 500; n++) {
    const begun = performance.now()
    await work()
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)
}

function latency(what: string, times: readonly number[]): Row {
  const p95 = times[Math.floor(times.length * 0.95)] ?? Number.NaN
  return {
    what,
    pifarm: `p50 ${time(median(times))}, p95 ${time(p95)}`,
    peer: `bar: p95 ${latencyMs} ms`,
    ratio: p95 / latencyMs,
    bar: 1,
  }
}
