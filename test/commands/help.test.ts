import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { run } from '../../src/program.ts'

const help = '../../docs/help.txt'

let printed = ''

beforeEach(() => {
  printed = ''
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Runs what must not come as far as a command. */
async function pifarm(words: string): Promise<number> {
  return await run(
    words.split(' ').filter((word) => word !== ''),
    () => {
      throw new Error('a command was run')
    },
  )
}

const commands =
  'init add-pi set-pi remove-pi list plan apply undo status find-serial simulate-boot enable-netboot-sd controller'.split(
    ' ',
  )
const inGroups = [
  ...['build', 'lint', 'list', 'remove'].map((name) => `template ${name}`),
  ...['submit', 'list', 'show', 'log', 'cancel', 'retry', 'export', 'import'].map(
    (name) => `jobs ${name}`,
  ),
  ...['list', 'drain', 'resume'].map((name) => `muxers ${name}`),
]

test('the help names every command and every exit status', async () => {
  expect(await pifarm('--help')).toBe(0)
  await expect(printed).toMatchFileSnapshot(help)
  for (const command of commands) expect(printed).toMatch(new RegExp(`^  ${command} `, 'm'))
})

test.each(['--help', '-h'])('pifarm %s says the same at once', (flag) => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const tsx = import.meta.resolve('tsx')
  const said = execFileSync(process.execPath, ['--import', tsx, main, flag], { encoding: 'utf8' })
  expect(said).toBe(readFileSync(new URL(help, import.meta.url), 'utf8'))
})

test.each([...commands, ...inGroups])('%s --help has examples', async (command) => {
  expect(await pifarm(`${command} --help`)).toBe(0)
  expect(printed).toMatch(new RegExp(`Examples:\n  .*pifarm ${command}`))
  // As commander prints a list that a flag adds to.
  expect(printed).not.toContain('(default: [')
  await expect(printed).toMatchFileSnapshot(`help/${command.replace(' ', '-')}.txt`)
})

test('--version', async () => {
  expect(await pifarm('--version')).toBe(0)
  expect(printed).toMatch(/^\d+\.\d+\.\d+\n$/)
})

describe('wrong usage ends with 2 and one line that says so:', () => {
  test.each([
    ['add-pi', "error: required option '--mac <mac>' not specified\n"],
    ['add-pi --mac', "error: option '--mac <mac>' argument missing\n"],
    ['set-pi', "error: missing required argument 'name'\n"],
    ['list --jsn', "error: unknown option '--jsn'\n(Did you mean --json?)\n"],
    ['lst', "error: unknown command 'lst'\n(Did you mean list?)\n"],
    ['list extra', "error: too many arguments for 'list'. Expected 0 arguments but got 1.\n"],
    ['l\u001b[2Jst', "error: unknown command 'l\\e[2Jst'\n"],
  ])('%s', async (words, message) => {
    expect(await pifarm(words)).toBe(2)
    expect(printed).toBe(message)
  })

  test('nothing at all shows the help', async () => {
    expect(await pifarm('')).toBe(2)
    expect(printed).toContain('Usage: pifarm')
  })
})
