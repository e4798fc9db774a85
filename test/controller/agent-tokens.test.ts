import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentTokensIn } from '../../src/controller/api/agent-tokens.ts'
import { adminToken, type ControllerHere, controllerHere } from './controller-here.ts'
import { playedAgent } from './played-agent.ts'

let controller: ControllerHere
let file: string

beforeEach(async () => {
  controller = await controllerHere()
  file = join(controller.dir, 'agent-tokens')
})
afterEach(() => controller.remove())

test('agent-tokens that cannot be read are told in the log once, and to each agent; it is let in when they can be', async () => {
  const agent = playedAgent(controller)
  expect((await agent.register()).status).toBe(200)
  const aside = join(controller.dir, 'aside')
  for (let times = 1; times <= 2; times++) {
    renameSync(file, aside)
    mkdirSync(file)
    for (let asked = 0; asked < 2; asked++) {
      const { status, json, headers } = await agent.register()
      expect([status, json, headers.get('retry-after')]).toEqual([
        503,
        {
          error: 'the controller cannot read its agent-tokens: it is not a file',
          hint: 'its log says where they are; agents are let in again once they can be read',
        },
        '10',
      ])
    }
    const line = `${file} cannot be read: it is not a file; until it can be, no agent is let in`
    expect(controller.said).toEqual(Array(times).fill(line))
    expect((await controller.ask('GET', '/v1/muxers', undefined, adminToken)).status).toBe(200)
    rmSync(file, { recursive: true })
    renameSync(aside, file)
    expect((await agent.register()).status).toBe(200)
  }
})

test('what the system says of agent-tokens is said', () => {
  const said: string[] = []
  const below = join(file, 'agent-tokens')
  const tokens = agentTokensIn(below, (line) => said.push(line))
  expect(() => tokens.muxerOf('token')).toThrow('cannot read its agent-tokens: ENOTDIR')
  expect(said).toEqual([`${below} cannot be read: ENOTDIR; until it can be, no agent is let in`])
})
