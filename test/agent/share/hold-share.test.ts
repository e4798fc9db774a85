import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { scratchDir } from '../mux/mux-here.ts'

const module = join(import.meta.dirname, '../../../src/agent/share/hold-share.ts')

test('a share that was unmounted and mounted again at once is told from the one before', async () => {
  const dir = await scratchDir()
  const script = `
    import { execFileSync } from 'node:child_process'
    import { holdShare } from ${JSON.stringify(module)}
    const mount = () => execFileSync('mount', ['-t', 'tmpfs', 'share', ${JSON.stringify(dir)}])
    mount()
    const told = []
    // The kernel gives the lowest free number: without a hold it is soon the same again.
    for (let round = 0; round < 20; round++) {
      const share = await holdShare(${JSON.stringify(dir)})
      const before = await share.isLost()
      execFileSync('umount', ['--lazy', ${JSON.stringify(dir)}])
      const away = await share.isLost()
      mount()
      told.push([before, away, await share.isLost()].join())
      await share.release()
    }
    console.log([...new Set(told)].join(' '))`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]
  const { stdout } = await execa('unshare', ['--mount', ...node])
  expect(stdout).toBe('false,true,true')
})
