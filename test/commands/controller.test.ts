import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { certificateHere } from '../controller/certificate-here.ts'
import { openDatabase } from '../controller/databases.ts'
import { registration } from '../controller/played-agent.ts'
import { pifarmHere } from '../support/pifarm-here.ts'

const admin = 'admin-token-of-this-test'
const agentToken = 'token-of-muxer-1'
const pifarm = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))

let dir: string
let database: string

/** A state directory with the admin's token and one agent's, and a media directory with a video. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-serve-'))
  database = join(dir, 'controller/queue.db')
  for (const name of ['media', 'media/in', 'elsewhere']) mkdirSync(join(dir, name))
  writeFileSync(join(dir, 'media/a.mp4'), 'video')
  writeFileSync(join(dir, 'admin-token'), `${admin}\n`, { mode: 0o600 })
  const hash = createHash('sha256').update(agentToken).digest('hex')
  writeFileSync(join(dir, 'agent-tokens'), `1 ${hash} HLSPi1\n`, { mode: 0o600 })
  return () => rmSync(dir, { recursive: true, force: true })
})

const flags = (): string[] => ['controller', '--state', dir, '--media', join(dir, 'media')]

/** The program itself; answers once it says where it is to be asked. */
async function serve(...more: string[]) {
  const child = spawn(process.execPath, [pifarm, ...flags(), '--port', '0', ...more])
  const lines: string[] = []
  onTestFinished(() => void child.kill('SIGKILL'))
  const address = await new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line)
      const [, url] = /answers at (\S+)$/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
    child.once('exit', () => reject(new Error(lines.join('\n'))))
  })
  return { child, lines, address }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | string> {
  child.kill(signal)
  const [code, killedBy] = await once(child, 'exit')
  return code ?? killedBy
}

const ask = (url: string, path: string, body?: object, token = admin) =>
  fetch(new URL(path, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const jobsAt = async (url: string): Promise<string[]> => {
  const { jobs } = (await (await ask(url, '/v1/jobs')).json()) as { jobs: { path: string }[] }
  return jobs.map(({ path }) => path)
}

test('SIGTERM ends it well: who waits is answered; after kill -9 it starts again; nothing is lost', async () => {
  const first = await serve()
  await ask(first.address, '/v1/muxers/1/register', registration, agentToken)
  const state = { locked: null, trouble: null, celsius: null, throttled: null }
  const wish = { state, tmpFreeBytes: 0, waitSeconds: 30 }
  const waiting = ask(first.address, '/v1/muxers/1/claim', wish, agentToken)
  const job = { path: 'a.mp4', needs: ['never'] }
  expect((await ask(first.address, '/v1/jobs', job)).status).toBe(201)
  await sleep(300)
  expect(await end(first.child, 'SIGTERM')).toBe(0)
  expect((await waiting).status).toBe(204)
  expect(first.lines.at(-1)).toBe('stopping: running requests end first')

  const second = await serve()
  expect(await jobsAt(second.address)).toEqual(['a.mp4'])
  expect(await end(second.child, 'SIGKILL')).toBe('SIGKILL')
  const third = await serve()
  expect(await jobsAt(third.address)).toEqual(['a.mp4'])
  expect(await end(third.child, 'SIGTERM')).toBe(0)
})

test('a queue that is restored under it: it ends with an error, for its unit to start it with the restored one', async () => {
  const first = await serve()
  await ask(first.address, '/v1/jobs', { path: 'a.mp4' })
  rmSync(database)
  const [code] = await once(first.child, 'exit')
  expect(code).toBe(4)
  expect(first.lines.slice(-3)).toEqual([
    'stopping: running requests end first',
    `pifarm: the database ${database} was removed while it was open`,
    expect.stringMatching(/^ {2}started again, the controller takes what is there then; /),
  ])
  const second = await serve()
  expect(await jobsAt(second.address)).toEqual([])
  expect(await end(second.child, 'SIGTERM')).toBe(0)
})

test('--watch-folder and --legacy: what is laid there is handed out to an original muxer; the log does not obey its name', async () => {
  const { address, lines } = await serve('--watch-folder', join(dir, 'media/in'), '--legacy')
  writeFileSync(join(dir, 'media/in/b\u009b31m.mp4'), 'video')
  writeFileSync(join(dir, 'media/in/b\u009b31m.txt'), 'no video')
  for (let tries = 0; (await jobsAt(address)).length === 0; tries++) {
    if (tries === 300) throw new Error('it never came')
    await sleep(100)
  }
  const taken = await fetch(new URL('/muxer/3', address), { method: 'POST' })
  expect(await taken.json()).toMatchObject({ status: 'ok', job: { path: 'in/b\u009b31m.mp4' } })
  await expect
    .poll(() => lines.filter((line) => line.includes('31m')).sort())
    .toEqual([
      'job 1: in/b\\u{9b}31m.mp4, from the watch folder',
      'the watch folder: "in/b\\u{9b}31m.txt" is skipped: its name is not that of a video',
    ])
})

describe('refused before anything is opened:', () => {
  const junk = (name: string): string => {
    writeFileSync(join(dir, name), 'no certificate')
    return join(dir, name)
  }
  test.each<[string, () => string[] | undefined, string]>([
    ['no admin token', () => void rmSync(join(dir, 'admin-token')), 'there is no admin token at'],
    [
      'a token that others may read',
      () => chmodSync(join(dir, 'admin-token'), 0o644) as undefined,
      'can be read by others than its owner',
    ],
    [
      'a link to a token that others may read',
      () => {
        const [link, target] = [join(dir, 'admin-token'), join(dir, 'elsewhere/token')]
        renameSync(link, target)
        chmodSync(target, 0o644)
        symlinkSync(target, link)
        return undefined
      },
      'can be read by others than its owner',
    ],
    [
      'a token to be guessed',
      () => writeFileSync(join(dir, 'admin-token'), 'admin') as undefined,
      'holds no token of 16 or more printable characters',
    ],
    ['no media directory', () => ['--media', join(dir, 'gone')], 'there is no directory'],
    ['a port that is none', () => ['--port', '65536'], '--port "65536" is not a number from 0'],
    ['a limit of none', () => ['--rate-limit', '0'], '--rate-limit "0" is not a number from 1'],
    [
      'a key without its certificate',
      () => ['--tls-key', junk('key.pem')],
      '--tls-cert and --tls-key belong together',
    ],
    [
      'a certificate that is none',
      () => ['--tls-cert', junk('cert.pem'), '--tls-key', junk('key.pem')],
      'are no certificate with its key: no start line',
    ],
    [
      'a certificate with the key of another',
      () => {
        const [one, other] = [certificateHere(onTestFinished), certificateHere(onTestFinished)]
        return ['--tls-cert', one.cert, '--tls-key', other.key]
      },
      'are no certificate with its key: key values mismatch',
    ],
    [
      'a certificate that is not there',
      () => ['--tls-cert', join(dir, 'no.pem'), '--tls-key', junk('key.pem')],
      'there is no file',
    ],
    [
      'a watch folder elsewhere',
      () => ['--watch-folder', join(dir, 'elsewhere')],
      'is not below the media directory',
    ],
  ])('%s', async (_, spoil, message) => {
    const refused = await pifarmHere([...flags(), '--port', '0', ...(spoil() ?? [])])
    expect(refused).toMatchObject({ code: 2, error: expect.stringContaining(message) })
    expect(refused.error).not.toContain('\n')
    expect(refused.stderr).toBe('')
  })

  describe.each(['admin-token', 'webhook-secret'])('%s that is', (name) => {
    test.each<[string, (path: string) => void, string]>([
      ['a directory', (path) => mkdirSync(path), 'is a directory'],
      ['a pipe', (path) => execFileSync('mkfifo', [path]), 'is no regular file'],
      ['a link to a device', (path) => symlinkSync('/dev/zero', path), 'is no regular file'],
      ['a link to itself', (path) => symlinkSync(name, path), 'is a link that leads to itself'],
    ])('%s is called that', async (_, make, what) => {
      const path = join(dir, name)
      rmSync(path, { force: true })
      make(path)
      expect(await pifarmHere([...flags(), '--port', '0'])).toMatchObject({
        code: 2,
        error: `${path} ${what}, and not a file with one line`,
        hint: expect.stringContaining(`mv ${path} ${path}.aside`),
      })
    })
  })

  test('a watch folder without a media directory', async () => {
    const bare = flags().slice(0, -2)
    const refused = await pifarmHere([...bare, '--port', '0', '--watch-folder', join(dir, 'media')])
    expect(refused).toMatchObject({ code: 2, error: '--watch-folder needs --media' })
  })

  test('without a farm and a state directory; with a farm.yaml named that is not there', async () => {
    const none = join(dir, 'none.yaml')
    const bare = ['controller', '--port', '0', '--media', join(dir, 'media'), '--config', none]
    for (const argv of [bare, [...bare, '--state', dir]])
      expect(await pifarmHere(argv)).toMatchObject({
        code: 2,
        error: `there is no farm at ${none}`,
        hint: expect.stringContaining('--state DIR --media DIR'),
      })
  })

  test('no admin token: it is said how one is made, and so it is', async () => {
    const state = join(dir, "nobody's")
    const argv = ['controller', '--rate-limit', '0', '--state', state]
    const refused = await pifarmHere(argv)
    expect(refused.error).toBe(`there is no admin token at ${state}/admin-token`)
    const [, script = ''] = /; by hand: (.*)$/.exec(refused.hint) ?? []
    execFileSync('sh', ['-euc', script])
    expect(statSync(join(state, 'admin-token')).mode & 0o777).toBe(0o600)
    expect(await pifarmHere(argv)).toMatchObject({ error: expect.stringContaining('--rate-limit') })
  })

  test('a database of another kind', async () => {
    const env = { DATABASE_URL: 'mysql://root:secret@db/x' }
    expect(await pifarmHere([...flags(), '--port', '0'], { env })).toMatchObject({
      code: 2,
      error: 'DATABASE_URL begins with "mysql"',
    })
  })
})

test('without a media directory it says that it takes no jobs', async () => {
  const stopped = { signal: AbortSignal.abort() }
  const { code, stderr } = await pifarmHere([...flags().slice(0, -2), '--port', '0'], stopped)
  expect(code).toBe(0)
  expect(stderr).toContain('this controller has no media directory, so it takes no jobs: --media')
})

test('what is missing or wrong beside the admin token is said, and keeps nobody else out', async () => {
  const hash = createHash('sha256').update('token-of-muxer-2').digest('hex')
  writeFileSync(
    join(dir, 'agent-tokens'),
    `1 ${agentToken}\n\n# old\n../2 ${hash}\n2 ${hash} HLSPi2\n`,
  )
  const { address, lines } = await serve()
  expect(lines).toContain(`there is no ${dir}/webhook-secret: nobody is told by webhook`)
  expect(lines).toContain(`the page is at ${address}/: what stands in ${dir}/admin-token opens it`)
  expect(lines.join('\n')).not.toContain('no media directory')
  const register = (muxer: string, token: string) =>
    ask(address, `/v1/muxers/${muxer}/register`, registration, token)
  expect((await register('1', agentToken)).status).toBe(401)
  expect((await register('2', 'token-of-muxer-2')).status).toBe(200)
  expect(lines.filter((line) => line.includes('agent-tokens'))).toEqual(
    [1, 3, 4].map(
      (line) =>
        `${dir}/agent-tokens:${line}: not "MUXER SHA256-OF-ITS-TOKEN NAME": nobody is let in by it`,
    ),
  )
  expect(lines.join('\n')).not.toContain(agentToken)
})

test('a port in use; a second controller beside it, which is told of PostgreSQL; a newer database', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  expect(await pifarmHere([...flags(), '--port', String(port)])).toMatchObject({
    code: 2,
    error: `port ${port} of 127.0.0.1 is in use`,
  })
  other.close()

  const { child } = await serve()
  expect(await pifarmHere([...flags(), '--port', '0'])).toMatchObject({
    code: 6,
    error: `${database} is in use by pifarm, pid ${child.pid}`,
    hint: 'a SQLite file is for one controller; several share a PostgreSQL: set DATABASE_URL',
  })
  expect(await end(child, 'SIGTERM')).toBe(0)

  const db = openDatabase({ kind: 'sqlite', file: database })
  await sql`insert into kysely_migration (name, timestamp) values ('0999_later', '2030')`.execute(
    db.kysely,
  )
  await db.close()
  expect(await pifarmHere([...flags(), '--port', '0'])).toMatchObject({
    code: 2,
    error: 'the database was changed by a newer pifarm: 0999_later',
    hint: expect.stringContaining('start that version again'),
  })
})

test('a certificate, its key and secrets are read through links, as certbot lays them, at both ends', async () => {
  const { cert, key } = certificateHere(onTestFinished)
  const linked = (name: string, target: string) => {
    symlinkSync(target, join(dir, name))
    return join(dir, name)
  }
  const pair = ['--tls-cert', linked('fullchain.pem', cert), '--tls-key', linked('key.pem', key)]
  renameSync(join(dir, 'admin-token'), join(dir, 'elsewhere/token'))
  const token = linked('admin-token', 'elsewhere/token')
  writeFileSync(join(dir, 'elsewhere/secret'), 'webhook-secret', { mode: 0o600 })
  linked('webhook-secret', 'elsewhere/secret')
  const { address, lines } = await serve(...pair)
  expect(address).toMatch(/^https:/)
  expect(lines.join()).not.toContain('webhook-secret')
  const asking = ['--controller', address, '--ca', join(dir, 'fullchain.pem')]
  expect(await pifarmHere(['jobs', 'list', ...asking, '--token-file', token])).toMatchObject({
    code: 0,
  })
})
