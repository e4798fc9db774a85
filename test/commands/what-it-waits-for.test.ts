import { expect, test } from 'vitest'
import { whatItWaitsFor } from '../../src/commands/jobs/what-it-waits-for.ts'
import type { MuxerView } from '../../src/protocol/views.ts'
import { idle, progress, registration } from '../controller/played-agent.ts'

function muxer(id: string, more: Partial<MuxerView> = {}): MuxerView {
  return {
    ...registration,
    id,
    lastSeenAt: '2026-11-22T10:00:00Z',
    lastSeenSecondsAgo: 5,
    state: idle,
    drained: false,
    quarantined: null,
    job: null,
    ...more,
  }
}
const busy = { job: { id: '7', path: 'a.mp4', progress } }
const any = { muxer: null, needs: [] }

test.each<[string, Parameters<typeof whatItWaitsFor>[0], MuxerView[]]>([
  ['no muxer has asked for work yet', any, []],
  ['muxer 7 has never asked for work', { ...any, muxer: '7' }, [muxer('1')]],
  ['no muxer has the label shelf:2', { ...any, needs: ['shelf:2'] }, [muxer('1')]],
  [
    'no muxer has all the labels mpeg2 shelf:2',
    { ...any, needs: ['mpeg2', 'shelf:2'] },
    [muxer('1'), muxer('2', { labels: ['shelf:2'] })],
  ],
  [
    'muxer 2 does not have the label mpeg2',
    { muxer: '2', needs: ['mpeg2'] },
    [muxer('1'), muxer('2', { labels: [] })],
  ],
  ['its turn on muxer 1, 2', any, [muxer('1', busy), muxer('2', busy)]],
  ['its turn on muxer 1', any, [muxer('1', busy), muxer('2', { drained: true })]],
  ['its turn on muxer 1, 2', any, [muxer('1', busy), muxer('2')]],
  ['muxer 1 is drained', any, [muxer('1', { drained: true })]],
  ['muxer 1 is silent', any, [muxer('1', { lastSeenSecondsAgo: 900 })]],
  [
    'of the muxers that may take it none works: 1 is draining, 2 is locked: the fan is loud',
    { ...any, needs: ['mpeg2'] },
    [
      muxer('1', { drained: true, ...busy }),
      muxer('2', { state: { ...idle, locked: 'the fan is loud' } }),
      muxer('3', { labels: [] }),
    ],
  ],
  [
    'of the muxers that may take it none works: 1 is drained, 2 is drained, 3 is drained, 4 is drained, 5 is drained and 1 more',
    any,
    ['1', '2', '3', '4', '5', '6'].map((id) => muxer(id, { drained: true })),
  ],
])('%s', (what, job, muxers) => {
  expect(whatItWaitsFor(job, muxers)).toBe(what)
})
