import { createHash } from 'node:crypto'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { type Child, startChild } from '../controller/child.ts'
import { adminToken } from '../controller/controller-here.ts'
import type { ControllerProcessOptions } from '../controller/controller-process.ts'
import { databasesOf } from '../controller/databases.ts'
import { farmhand, newLedger } from '../controller/farmhand.ts'
import { agentHere, bundledAgent, mediaHere } from './agent-here.ts'
import { scratchDir } from './mux/mux-here.ts'
import { tokenOf } from './real-controller.ts'

const bundle = bundledAgent()

/** Two controllers, each a process, on one PostgreSQL. */
async function twoControllers(media: string): Promise<{ children: Child[]; urls: string[] }> {
  const databases = await databasesOf('postgresql')
  onTestFinished(() => databases.remove())
  const agentTokens = join(await scratchDir(), 'agent-tokens')
  const hash = createHash('sha256').update(tokenOf('7')).digest('hex')
  await writeFile(agentTokens, `7 ${hash} HLSPi1\n`)
  const options: ControllerProcessOptions = {
    ...{ database: await databases.create(), port: 0, media, admin: adminToken, agentTokens },
    rules: { leaseSeconds: 60, renewSeconds: 1 },
  }
  const children: Child[] = []
  const urls: string[] = []
  for (let n = 0; n < 2; n++) {
    const child = await startChild('controller-process.ts', options)
    onTestFinished(() => child.kill())
    child.tell('go')
    children.push(child)
    urls.push(await child.line())
  }
  return { children, urls }
}

test('when the controller that it asks is killed, an agent goes on with the other', async () => {
  const media = await mediaHere()
  await copyFile(join(media, 'videos/in.mp4'), join(media, 'videos/next.mp4'))
  const { children, urls } = await twoControllers(media)
  const people = farmhand(() => urls[1] ?? '', '7', tokenOf('7'), newLedger())
  const agent = await agentHere({
    argv: [process.execPath, bundle.path],
    url: urls.join(),
    token: tokenOf('7'),
    media,
  })
  agent.start()
  await agent.wrote(/^registered as muxer 7/)
  const ids: string[] = []
  for (const path of ['videos/in.mp4', 'videos/next.mp4'])
    ids.push((await people.people('POST', '/v1/jobs', { path })).json.id)
  await agent.wrote(/: renditions /)
  await children[0]?.kill()
  for (const id of ids) {
    await people.until(async () => (await people.story(id)).job.state === 'done')
    const { job, attempts } = await people.story(id)
    expect(attempts).toMatchObject([{ attempt: 1, muxer: '7', outcome: 'complete' }])
    expect((await verifyHls(join(media, `${job.path}.hls`))).problems).toEqual([])
  }
})
