import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../support/terminal-session.ts', import.meta.url))
const node = [process.execPath, '--import', 'tsx', program].join(' ')

/** Runs a session on a pseudo-terminal (util-linux `script`); types each answer at its question. */
function onTerminal(mode: string, answers: readonly (readonly [RegExp, string])[]) {
  // `exec`, or Ctrl-C reaches the shell as well, and dash then ends with 130 whatever node ends with.
  const command = `stty rows 24 cols 100; exec ${node} ${mode}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    // `script` runs the caller's $SHELL.
    env: { ...process.env, SHELL: '/bin/sh', CI: '', NO_COLOR: '', TERM: 'xterm' },
  })
  let seen = ''
  let next = 0
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    seen += piece
    const wanted = answers[next]
    if (!wanted?.[0].test(seen)) return
    next += 1
    seen = ''
    child.stdin.write(wanted[1])
  })
  return new Promise<{ code: number | null; seen: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, seen }))
  })
}

describe('on a terminal', () => {
  test('questions are asked and answered, wrong input again', async () => {
    const { code, seen } = await onTerminal('ask', [
      [/Really\?/, 'y\r'],
      [/Name\?/, 'bad\r'],
      [/bad is bad/, '\u0015good\r'],
      [/Which\?/, '\u001b[B\r'],
    ])
    expect(seen).toContain('answers: true good b')
    expect(code).toBe(0)
  }, 20_000)

  test('the label of a card in a question cannot clear the screen', async () => {
    const { code, seen } = await onTerminal('hostile', [
      [/BOOT\?/, 'y\r'],
      [/card/, '\r'],
    ])
    expect(seen).toContain('a\\e[2Jcard')
    expect(seen).not.toContain('\u001b[2J')
    expect(code).toBe(0)
  }, 20_000)

  test('a password is not shown', async () => {
    const { code, seen } = await onTerminal('secret', [[/Word\?/, 'hush-hush\r']])
    expect(seen).toContain('9 letters')
    expect(seen).not.toContain('hush')
    expect(code).toBe(0)
  }, 20_000)

  test('Ctrl-C at a question ends with 130', async () => {
    const { code, seen } = await onTerminal('ask', [[/Really\?/, '\u0003']])
    expect(seen).toContain('UserError: interrupted')
    expect(code).toBe(130)
  }, 20_000)

  test('Ctrl-C while steps run reaches the program, which ends by itself', async () => {
    const { code, seen } = await onTerminal('steps', [[/clone A.*%/, '\u0003']])
    expect(seen).toContain('signal seen')
    expect(seen).toContain('the end')
    expect(code).toBe(0)
  }, 20_000)

  test('more steps than it has lines: each shows in its line how far it is', async () => {
    const { code, seen } = await onTerminal('longList', [])
    const wide = `clone ${'A'.repeat(120)} ... done`
    expect(seen).toMatch(/clone A+…: copying {2}\[#+\.+\] [1-9]0 % {2}\d0 MB of 100 MB/)
    const lines = seen.trimEnd().split('\r\n')
    for (const line of lines) {
      const drawn = line.split('\r').map((text) => text.replace('\u001b[K', ''))
      // A line that wraps cannot be redrawn.
      for (const text of drawn.slice(0, -1)) expect(text.length).toBeLessThan(100)
    }
    expect(lines.map(last)).toEqual([wide, 'step 0 ... failed: broken'])
    expect(code).toBe(0)
  }, 20_000)
})

/** What stays of a line that was redrawn. */
function last(line: string): string {
  return line.slice(line.lastIndexOf('\r') + 1).replace('\u001b[K', '')
}

test('without a terminal a question is an error that names it', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'ask'])
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said += piece
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(said).toContain('UserError: there is no terminal to ask on: Really?')
  expect(code).toBe(2)
}, 20_000)
