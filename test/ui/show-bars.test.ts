import { expect, test } from 'vitest'
import { lineBars, redrawnBars } from '../../src/ui/show-bars.ts'

test('without a terminal: a line when another step begins, not for each percent', async () => {
  const written: string[] = []
  const bars = lineBars(['a', 'b'], (text) => void written.push(text))
  bars.at(0, 1, 'encode  20.0 fps')
  bars.at(0, 2, 'encode  21.0 fps')
  bars.at(1, 0, 'waits')
  bars.at(0, 90, 'verify')
  bars.done(0)
  bars.done(0)
  bars.fail(1, 'no\u001b[2J')
  await bars.end()
  expect(written).toEqual([
    'a: encode\n',
    'b: waits\n',
    'a: verify\n',
    'a: done\n',
    'b: failed: no\\e[2J\n',
  ])
})

test('on a terminal: redrawn in its place, never wider than the screen', () => {
  const written: string[] = []
  const screen = {
    write: (text: string | Uint8Array) => written.push(String(text)) > 0,
    columns: 40,
  }
  const bars = redrawnBars(['a', 'b'], screen)
  bars.at(1, 50, 'encode 720p on muxer 1  20 fps  ETA 3 min')
  bars.at(0, undefined, 'waits: no muxer has asked for work yet')
  expect(written[0]).toBe('\r\u001b[2K  a\n\u001b[2K  b\n\u001b[J')
  expect(written[1]).toBe(
    '\u001b[2A\r\u001b[2K  a\n\u001b[2K  b  [##########..........] 50 %  encod\n\u001b[J',
  )
  expect(written[2]).toContain('  a  waits: no muxer has asked for work\n')
})
