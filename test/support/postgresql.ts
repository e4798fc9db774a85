import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A real PostgreSQL of the test's own: it listens on a socket in its directory and nowhere else. */
export interface Postgresql {
  /** A new, empty database; answers its URL. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

const programs = '/usr/lib/postgresql'

/** `fsync=off`: what a disk takes shows nothing in a test. */
export async function startPostgresql(
  flushing: 'fsync=on' | 'fsync=off' = 'fsync=off',
): Promise<Postgresql> {
  const version = readdirSync(programs).sort((a, b) => Number(b) - Number(a))[0]
  const bin = join(programs, version ?? '', 'bin')
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-pg-'))
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  )
  chownSync(dir, uid ?? 0, gid ?? 0)
  const asPostgres = ['--reuid=postgres', '--regid=postgres', '--clear-groups']
  const data = join(dir, 'data')
  const quick = ['--no-sync', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8']
  execFileSync('setpriv', [...asPostgres, join(bin, 'initdb'), '-D', data, ...quick], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const urlOf = (name: string) => `postgresql://postgres@localhost/${name}?host=${dir}`
  let server = spawnServer()
  let databases = 0

  function spawnServer() {
    const settings = [
      'listen_addresses=',
      flushing,
      'max_connections=300',
      'log_min_messages=panic',
    ]
    const flags = ['-D', data, '-k', dir, ...settings.flatMap((setting) => ['-c', setting])]
    // Ends with the test, however that ends.
    const argv = [...asPostgres, '--pdeathsig', 'INT', join(bin, 'postgres'), ...flags]
    return spawn('setpriv', argv, { cwd: dir, stdio: 'ignore' })
  }
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: urlOf('postgres') })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const ready = async (): Promise<void> => {
    for (let tries = 0; ; tries++) {
      try {
        return await admin(async () => undefined)
      } catch (error) {
        if (tries === 100 || server.exitCode !== null) throw error
        await sleep(100)
      }
    }
  }
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null) return
    const ended = once(server, 'exit')
    // Fast shutdown: it breaks off what still talks to it.
    server.kill('SIGINT')
    await ended
  }
  await ready()
  return {
    createDatabase: async () => {
      const name = `test_${++databases}`
      await admin((client) => client.query(`create database ${name}`))
      return urlOf(name)
    },
    stop,
    start: async () => {
      server = spawnServer()
      await ready()
    },
    remove: async () => {
      await stop()
      if (existsSync(dir)) rmSync(dir, { recursive: true })
    },
  }
}
