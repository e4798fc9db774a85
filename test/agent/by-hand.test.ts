import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { freePort } from '../support/free-port.ts'
import { bundledAgent } from './agent-here.ts'
import { makeClip, scratchDir } from './mux/mux-here.ts'

const bundle = bundledAgent()
const pifarm = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))

/** The blocks of docs/controller.md under "By hand, on any machine": controller, agent, a job. */
function blocks(port: number): readonly string[] {
  const text = readFileSync(new URL('../../docs/controller.md', import.meta.url), 'utf8')
  const [, section = ''] = text.split('\n## By hand, on any machine\n')
  const [own = ''] = section.split('\n## ')
  const found = own.match(/(?:^ {4}.*\n)+/gm) ?? []
  return found.map((block) => block.replace(/^ {4}/gm, '').replaceAll('8080', String(port)))
}

test('whoever follows the manual with nothing but a build has a video made by an agent', async () => {
  const dir = await scratchDir()
  const at = (name: string) => join(dir, name)
  mkdirSync(at('bin'))
  mkdirSync(at('dist'))
  writeFileSync(at('bin/pifarm'), `#!/bin/sh\nexec "${process.execPath}" "${pifarm}" "$@"\n`, {
    mode: 0o755,
  })
  symlinkSync(process.execPath, at('bin/node'))
  symlinkSync(bundle.path, at('dist/agent.mjs'))
  const [controller = '', agent = '', job = '', ...more] = blocks(await freePort())
  expect(job).toContain('pifarm jobs submit')
  expect(more).toEqual([])
  const env = { ...process.env, PATH: `${at('bin')}:${process.env.PATH}` }
  /** A terminal in which a block is typed; answers once it has written such a line. */
  const terminal = async (script: string, line: RegExp) => {
    const shell = spawn('bash', ['-euc', script], { cwd: dir, env, detached: true })
    onTestFinished(() => void process.kill(-(shell.pid ?? 0), 'SIGKILL'))
    let text = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (piece: Buffer) => {
        text += piece
        if (line.test(text)) resolve()
      }
      shell.stdout.on('data', hear)
      shell.stderr.on('data', hear)
      shell.once('exit', () => reject(new Error(text)))
    })
  }
  await terminal(controller, /the controller answers at/)
  await makeClip(
    at('try/videos'),
    '-f lavfi -i testsrc2=s=320x240:r=25:d=2 -c:v libx264 -preset ultrafast a.mp4',
  )
  await terminal(agent, /registered as muxer 1/)
  const { stdout } = await execa('bash', ['-euc', job], { cwd: dir, env })
  expect(stdout).toContain('a.mp4.hls/manifest_master.m3u8')
  expect((await verifyHls(at('try/videos/a.mp4.hls'))).problems).toEqual([])
})
