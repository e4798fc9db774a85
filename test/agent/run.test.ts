import { expect, test } from 'vitest'
import { run } from '../../src/agent/commands/run.ts'

test('where nothing is configured it is said when the file is not there at all', async () => {
  const { signal } = new AbortController()
  const places = { config: '/nowhere/none.json', cmdline: '/dev/null', tokenFile: '/nowhere/token' }
  await expect(run({ ...places, self: [], signal, log: () => undefined })).rejects.toMatchObject({
    message: 'no controller is set, and there is no file /nowhere/none.json',
    hint: expect.stringContaining('/nowhere/none.json'),
  })
})
