import { expect, test } from 'vitest'
import { aptStatus } from '../../../src/root-template/inside/apt-status.ts'

test.each([
  ['dlstatus:1:12.5:Retrieving file 1 of 8', { doing: 'fetch', percent: 12.5 }],
  ['pmstatus:git:arm64:41.6667:Unpacking git (arm64)', { doing: 'install', percent: 41.6667 }],
  ['pmerror:git:10:cannot be installed', undefined],
  [`pmstatus:x:${'9'.repeat(400)}:more than there is`, { doing: 'install', percent: 100 }],
])('%s', (line, status) => {
  expect(aptStatus(line)).toEqual(status)
})
