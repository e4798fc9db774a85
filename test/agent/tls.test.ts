import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { trustedBeside } from '../../src/agent/settings/trusted-beside.ts'
import { certificateHere } from '../controller/certificate-here.ts'
import { controllerHere } from '../controller/controller-here.ts'
import { agentHere, bundledAgent, ended, mediaHere } from './agent-here.ts'
import { scratchDir } from './mux/mux-here.ts'

const bundle = bundledAgent()

test("a controller whose certificate is one's own: refused, until it is in the agent's caFile", async () => {
  const { cert, tls } = certificateHere(onTestFinished)
  const controller = await controllerHere({ tls })
  onTestFinished(() => controller.remove())
  const agent = await agentHere({
    argv: [process.execPath, bundle.path],
    url: controller.address,
    token: controller.tokenOf('7'),
    media: await mediaHere(),
  })
  const child = agent.start()
  await agent.wrote(/^controller: self-signed certificate/)
  child.kill('SIGTERM')
  await ended(child)
  await agent.configure({ caFile: cert })
  agent.start()
  await agent.wrote(/^registered as muxer 7/)
})

describe('a caFile', () => {
  test('that is not there, and one without a certificate, end the agent with a line', async () => {
    const dir = await scratchDir()
    await expect(trustedBeside(join(dir, 'no.pem'))).rejects.toThrow('cannot read the certificates')
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    for (const text of ['', 'hello', broken]) {
      await writeFile(join(dir, 'ca.pem'), text)
      await expect(trustedBeside(join(dir, 'ca.pem'))).rejects.toThrow('holds no certificate')
    }
  })
})
