import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { ended } from './ended.ts'

test('a process that is long gone is not waited for', async () => {
  const process = spawn('true')
  await once(process, 'exit')
  await ended(process, 'it')
})

test('one that was killed is waited for', async () => {
  const process = spawn('sleep', ['600'])
  process.kill('SIGKILL')
  await ended(process, 'it')
  expect(process.signalCode).toBe('SIGKILL')
})

test('one that stays is given up, and named', async () => {
  const process = spawn('sleep', ['600'])
  onTestFinished(() => void process.kill('SIGKILL'))
  await expect(ended(process, 'the sleeper', 100)).rejects.toThrow(
    /^0.1 s went by, waiting for the sleeper to end$/,
  )
})
