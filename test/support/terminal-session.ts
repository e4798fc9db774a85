import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../src/errors.ts'
import { terminal } from '../../src/ui/terminal.ts'

/** Run by terminal.test.ts on a pseudo-terminal: asks, or shows steps until Ctrl-C. */
const ui = await terminal({ yes: false })
const interrupt = new AbortController()

async function ask(): Promise<void> {
  const sure = await ui.confirm('Really?')
  const name = await ui.input('Name?', undefined, (text) =>
    text === 'bad' ? 'bad is bad' : undefined,
  )
  const which = await ui.choose('Which?', [
    { value: 'a', label: 'Aye' },
    { value: 'b', label: 'Bee' },
  ])
  ui.answer(`answers: ${sure} ${name} ${which}`)
}

async function hostile(): Promise<void> {
  await ui.confirm('Write to \u001b[2JBOOT?')
  await ui.choose('Which of\u001b[2J?', [{ value: 'a', label: 'a\u001b[2Jcard' }])
}

async function secret(): Promise<void> {
  const word = await ui.secret('Word?')
  ui.answer(`${word.length} letters`)
}

async function steps(): Promise<void> {
  process.on('SIGINT', () => interrupt.abort())
  const display = ui.steps(['clone A', 'restart'])
  display.start(0)
  for (let bytes = 0; !interrupt.signal.aborted; bytes += 1e6) {
    display.at(0, { done: bytes, total: 1e9 })
    await wait(20)
  }
  display.fail(0, 'signal seen')
  await display.end()
  ui.say('the end')
}

/** More steps than the screen has lines. */
async function longList(): Promise<void> {
  const long = `clone ${'A'.repeat(120)}`
  const display = ui.steps([long, ...Array.from({ length: 30 }, (_, at) => `step ${at}`)])
  display.start(0)
  for (let megabytes = 0; megabytes < 100; megabytes += 10) {
    display.at(0, { done: megabytes * 1e6, total: 1e8, part: 'copying' })
    await wait(20)
  }
  display.done(0)
  display.start(1)
  display.fail(1, 'broken')
  await display.end()
}

try {
  const sessions: Readonly<Record<string, () => Promise<void>>> = {
    ...{ ask, hostile, secret, steps, longList },
  }
  await sessions[process.argv[2] ?? '']?.()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  process.stderr.write(`${error.name}: ${error.message}\n`)
  process.exitCode = error.exitCode
}
