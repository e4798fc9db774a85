import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { Commands } from './commands.ts'

/** A NAS whose serial line is held here: what a command prints and how it ends is the test's to say. */
async function nasByHand() {
  const dir = await mkdtemp(join(tmpdir(), 'pifarm-commands-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const from = new PassThrough()
  const commands = new Commands(dir, new PassThrough(), from)
  from.write('ready\n')
  await commands.ready
  const number = async () => (await readdir(dir))[0]?.split('.')[0] ?? ''
  return {
    commands,
    print: async (text: string) => {
      const file = join(dir, await number())
      await writeFile(`${file}.out`, text)
      await writeFile(`${file}.err`, '')
    },
    end: async (code: number) => void from.write(`${await number()} ${code}\n`),
    goOff: () => from.end(),
  }
}

test('a command that does not end is given up, told by its name and by what it printed', async () => {
  const nas = await nasByHand()
  const run = await nas.commands.start(['pifarm', 'add-pi'], 200)
  await nas.print('copying')
  const heard = run.said('done')
  const message =
    /^0.2 s went by, waiting for the NAS to end 'pifarm' 'add-pi'; until .*:\ncopying\n/
  await expect(run.ended).rejects.toThrow(message)
  await expect(heard).rejects.toThrow(message)
})

test('one that ends in time answers how, and what it printed', async () => {
  const nas = await nasByHand()
  const run = await nas.commands.start(['pifarm', 'list'])
  await nas.print('HLSPi1\n')
  await run.said('HLSPi1')
  await nas.end(3)
  expect(await run.ended).toEqual({ code: 3, stdout: 'HLSPi1\n', stderr: '' })
  await expect(run.said('HLSPi2')).rejects.toThrow(/^it ended with 3, and never said "HLSPi2"/)
})

test('one that runs when the NAS goes off is told so', async () => {
  const nas = await nasByHand()
  const run = await nas.commands.start(['pifarm', 'list'])
  nas.goOff()
  await expect(run.ended).rejects.toThrow(/^the NAS went off/)
  const later = await nas.commands.start(['true'])
  await expect(later.ended).rejects.toThrow(/^the NAS is off/)
})
