import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { verifyHls } from '../../../src/agent/hls/verify.ts'
import { makeClip, muxHere, scratchDir } from './mux-here.ts'

test('interlaced MPEG-2 with MP2 sound, as broadcast', async () => {
  const dir = await scratchDir()
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=s=640x360:r=25:d=8 -f lavfi -i sine=d=8
     -c:v mpeg2video -flags +ilme+ildct -top 1 -b:v 2M -c:a mp2 -f mpegts in.ts`,
  )

  const { outcome, output } = await muxHere(dir, { input: 'in.ts' })

  expect(outcome).toMatchObject({
    kind: 'done',
    result: { master: 'in.ts.hls/manifest_master.m3u8' },
  })
  expect((await verifyHls(output)).problems).toEqual([])
  expect((await readdir(dir)).sort()).toEqual(['in.ts', 'in.ts.hls', 'scratch'])
})
