import { expect, test } from 'vitest'
import { bar } from '../../src/ui/progress.ts'

test.each([
  [0, 790e6, 0, '[....................] 0 %  0 B of 790 MB'],
  [411e6, 790e6, 1939, '[##########..........] 52 %  411 MB of 790 MB  211 MB/s  ETA 2 s'],
  [1e6, 790e6, 100, '[....................] 0 %  1 MB of 790 MB'],
  [790e6, 790e6, 4000, '[####################] 100 %  790 MB of 790 MB  197 MB/s'],
  [800e6, 790e6, 4000, '[####################] 100 %  800 MB of 800 MB  200 MB/s'],
  [1e6, 1e9, 1000, '[....................] 0 %  1 MB of 1 GB  1 MB/s  ETA 16 min 39 s'],
  [1e6, 8e9, 1000, '[....................] 0 %  1 MB of 8 GB  1 MB/s  ETA 2 h 13 min'],
  [5e6, 0, 1000, '5 MB  5 MB/s'],
])('%i of %i bytes after %i ms', (done, total, ms, text) => {
  expect(bar({ done, total }, ms)).toBe(text)
})

test.each([
  [0, 0, '[....................] 0 %'],
  [52, 60_000, '[##########..........] 52 %  52 %/min  ETA 56 s'],
  [1, 90_000, '[....................] 1 %  0.67 %/min  ETA 2 h 28 min'],
  [100, 1000, '[####################] 100 %  6000 %/min'],
])('%i percent after %i ms', (done, ms, text) => {
  expect(bar({ done, total: 100, of: 'percent' }, ms)).toBe(text)
})
