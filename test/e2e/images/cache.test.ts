import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keepBelow } from './keep-below.ts'
import { templateCode } from './template-code.ts'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'pifarm-cache-'))
})
afterEach(() => rmSync(cache, { recursive: true }))

/** What lies there; while something is made, as many files as it takes. */
function kept(): string[] {
  return readdirSync(join(cache, 'pifarm-test/e2e')).sort()
}

/** A process that makes an image by a script, which gets its directory as $0. */
function making(script: string) {
  const at = (name: string) => JSON.stringify(join(import.meta.dirname, name))
  const code = `
    import { cached } from ${at('cache.ts')}
    import { apart } from ${at('programs.ts')}
    const say = (line) => process.stdout.write(line + '\\n')
    const { made } = await cached('probe', ['one'], (into) => apart(say, ['-c', process.argv[1], into]))
    say(made)`
  return execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code, script], {
    env: { XDG_CACHE_HOME: cache },
    reject: false,
  })
}

/** Writes until it is killed, wherever its directory is. */
const endless = 'cd "$0"; echo begun; while :; do mkdir -p $RANDOM/$RANDOM; done'

describe('a making that is cut off', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s leaves nothing', async (signal, code) => {
    const run = making(endless)
    for await (const line of run) if (line.includes('begun')) run.kill(signal)
    expect((await run).exitCode).toBe(code)
    expect(kept()).toEqual([])
  })

  test('by kill -9 ends all the same, and the next one removes what it left', async () => {
    const run = making(endless)
    for await (const line of run) if (line.includes('begun')) run.kill('SIGKILL')
    await run
    const [left = ''] = kept().filter((name) => name.startsWith('.making-'))
    const files = () => readdirSync(join(cache, 'pifarm-test/e2e', left)).length
    await sleep(500)
    const before = files()
    await sleep(500)
    expect(files()).toBe(before)

    expect((await making('touch "$0/whole"')).stdout).toBe('made')
    expect(kept()).toEqual([expect.stringMatching(/^probe-/)])
  })
})

test('what two make at once is there once, whole, and then comes from the cache', async () => {
  const script = 'echo begun; sleep 1; echo whole >"$0/file"'
  const runs = await Promise.all([making(script), making(script)])
  expect(runs.map(({ stdout }) => stdout.split('\n').at(-1))).toEqual(['made', 'made'])
  const [name = '', ...more] = kept()
  expect(more).toEqual([])
  expect(readFileSync(join(cache, 'pifarm-test/e2e', name, 'file'), 'utf8')).toBe('whole\n')
  expect((await making('exit 1')).stdout).toBe('from the cache')
})

test('of what takes too much, the longest unused goes, but nothing in use', async () => {
  for (const [index, name] of ['.hidden', 'used', 'old', 'new'].entries()) {
    mkdirSync(join(cache, name))
    writeFileSync(join(cache, name, 'file'), Buffer.alloc(1_000_000, 1))
    utimesSync(join(cache, name), index, index)
  }
  const used = async () => new Set(['used'])
  await keepBelow(3_500_000, cache, used)
  expect(readdirSync(cache).sort()).toEqual(['.hidden', 'new', 'old', 'used'])
  await keepBelow(2_500_000, cache, used)
  expect(readdirSync(cache).sort()).toEqual(['.hidden', 'new', 'used'])
})

test.each([2, 3])('what comes into use at look %i stays', async (look) => {
  for (const [index, name] of ['old', 'new'].entries()) {
    mkdirSync(join(cache, name))
    writeFileSync(join(cache, name, 'file'), Buffer.alloc(1_000_000, 1))
    utimesSync(join(cache, name), index, index)
  }
  let looks = 0
  await keepBelow(1_500_000, cache, async () => {
    looks += 1
    return new Set(looks < look ? [] : ['old'])
  })
  expect(readdirSync(cache).sort()).toEqual(['new', 'old'])
  expect(readdirSync(join(cache, 'old'))).toEqual(['file'])
})

test('the code of a template is all that its command runs', async () => {
  const code = await templateCode()
  const files = ['commands/template/build', 'host/clone-tree', 'farm/load', 'root-template/build']
  for (const file of files) expect(code).toContain(`// src/${file}.ts\n`)
  expect(code).not.toContain('// src/controller/')
})
