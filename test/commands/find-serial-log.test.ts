import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pifarmHere } from '../support/pifarm-here.ts'

/** Log files as they lie on a disk: rotated, compressed, pipes, read by somebody who goes away. */
let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-log-test-'))
})

afterEach(() => {
  rmSync(dir, { recursive: true })
})

function boot(serial: string, minutesAgo: number): string {
  const stamp = new Date(Date.now() - minutesAgo * 60_000).toISOString()
  return `${stamp} nas in.tftpd[9]: RRQ from 10.77.0.9 filename ${serial}/start.elf\n`
}

function put(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

function find(...words: readonly string[]) {
  return pifarmHere(['--config', join(dir, 'none.yaml'), 'find-serial', ...words])
}

const serialsIn = (stdout: string) => stdout.match(/^[0-9a-f]{8}/gm)

describe('--log', () => {
  test('is a path from where one is; the whole of it is said', async () => {
    const log = put('log', boot('10000001', 1))
    const { stdout, stderr } = await find('--log', relative('.', log), '--count', '1')
    expect(serialsIn(stdout)).toEqual(['10000001'])
    expect(stderr).toContain(`following ${log};`)
    const { error } = await find('--log', relative('.', join(dir, 'no log here')))
    expect(error).toBe(`there is no log file ${JSON.stringify(join(dir, 'no log here'))}`)
  })

  test.each([[], ['--since', '1h']])(
    'a pipe is refused, and not waited for: %j',
    async (...words) => {
      const pipe = join(dir, 'pipe')
      execFileSync('mkfifo', [pipe])
      const link = join(dir, 'link')
      symlinkSync(pipe, link)
      for (const log of [pipe, link])
        expect(await find('--log', log, ...words)).toMatchObject({
          ...{ code: 2, error: expect.stringContaining('it is a pipe') },
        })
    },
  )

  test('a link to a log is read', async () => {
    symlinkSync(put('log', boot('10000001', 1)), join(dir, 'link'))
    const { stdout } = await find('--log', join(dir, 'link'), '--since', 'all')
    expect(serialsIn(stdout)).toEqual(['10000001'])
  })

  test('a compressed one is refused with the cure', async () => {
    const { code, hint } = await find('--log', put('log.2.gz', ''), '--since', 'all')
    expect(code).toBe(2)
    expect(hint).toContain('zcat')
  })
})

describe('--since reads what was rotated away', () => {
  function rotated(): string {
    put('log.2.gz', '')
    put('log.1', boot('10000001', 200) + boot('10000002', 90))
    return put('log', boot('10000003', 5))
  }

  test.each([
    ['10m', ['10000003']],
    ['2h', ['10000003', '10000002']],
    ['all', ['10000003', '10000002', '10000001']],
  ])('as far back as it was asked to: %s', async (since, serials) => {
    const { stdout } = await find('--log', rotated(), '--since', since)
    expect(serialsIn(stdout)).toEqual(serials)
  })

  test('a log that was rotated just now is empty', async () => {
    put('log.1', boot('10000001', 2))
    const { stdout } = await find('--log', put('log', ''), '--since', '10m')
    expect(serialsIn(stdout)).toEqual(['10000001'])
  })

  test('a MAC in the older file is paired with a serial in the newer one', async () => {
    const offer = boot('x', 2).replace(
      /in.tftpd.*/,
      'dhcpd[8]: DHCPOFFER on 10.77.0.9 to dc:a6:32:00:00:01 via eth0',
    )
    put('log.1', offer)
    const { stdout } = await find('--log', put('log', boot('10000001', 1)), '--since', '10m')
    expect(stdout).toContain('10000001  dc:a6:32:00:00:01')
  })

  test('what is compressed is said not to be read, where it may hold what was asked for', async () => {
    const log = rotated()
    expect((await find('--log', log, '--since', '1d')).stderr).toContain(`${log}.2.gz`)
    expect((await find('--log', log, '--since', '2h')).stderr).toBe('')
  })
})

test('ends when its reader has gone, though nothing more is written', async () => {
  const log = put('log', '')
  const pifarm = [process.execPath, fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))]
  const words = [`--config=${dir}/none.yaml`, 'find-serial', '--follow', '--log', log]
  const script = '"$@" | head -n 1'
  const pipe = spawn('sh', ['-c', script, 'sh', ...pifarm, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  pipe.stderr.on('data', (text) => {
    said += text
    if (said.includes('following ')) appendFileSync(log, boot('10000001', 0))
  })
  let answer = ''
  pipe.stdout.on('data', (text) => {
    answer += text
  })
  const [code] = await once(pipe, 'close')
  expect({ code, serials: serialsIn(answer) }).toEqual({ code: 0, serials: ['10000001'] })
})
