import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import { test } from 'vitest'
import { certificateHere } from './certificate-here.ts'
import { adminToken, controllerHere } from './controller-here.ts'

const halfARequest =
  'POST /v1/session HTTP/1.1\r\nhost: nas\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{'

test.concurrent('a controller stops though one sends half a request, one reads no answer, and one says nothing at all', async ({
  onTestFinished,
}) => {
  const { tls } = certificateHere(onTestFinished)
  const here = await controllerHere({ tls })
  onTestFinished(() => here.remove())
  mkdirSync(join(here.media, 'a.mp4.hls'))
  writeFileSync(join(here.media, 'a.mp4.hls/media.ts'), Buffer.alloc(64 * 1024 * 1024))
  const port = Number(new URL(here.address).port)
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  const heads = [
    halfARequest,
    `GET /media/a.mp4.hls/media.ts HTTP/1.1\r\nhost: nas\r\nauthorization: Bearer ${adminToken}\r\n\r\n`,
  ]
  const stuck = [silent]
  for (const head of heads) {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca: tls.cert })
    await once(socket, 'secureConnect')
    socket.write(head)
    stuck.push(socket)
  }
  const ended = stuck.map((socket) => {
    socket.on('error', () => undefined)
    return once(socket, 'close')
  })
  await sleep(500)
  await here.stop()
  // Nobody reads until now: only so does the end come through.
  for (const socket of stuck) socket.resume()
  await Promise.all(ended)
})

test.concurrent('who does not end a request is told so, and let go', async ({
  expect,
  onTestFinished,
}) => {
  const here = await controllerHere()
  onTestFinished(() => here.remove())
  const socket = connect(Number(new URL(here.address).port), '127.0.0.1')
  socket.write(halfARequest)
  let heard = ''
  for await (const piece of socket) heard += piece
  expect(heard).toMatch(/^HTTP\/1.1 408 /)
  expect(heard).toContain('{"error":"the request did not come to its end in time"}')
  expect((await here.ask('GET', '/healthz')).status).toBe(200)
})

test.concurrent('who breaks off a request is not taken for a database that is away', async ({
  expect,
  onTestFinished,
}) => {
  const here = await controllerHere()
  onTestFinished(() => here.remove())
  const socket = connect(Number(new URL(here.address).port), '127.0.0.1')
  socket.write(halfARequest)
  await sleep(200)
  socket.resetAndDestroy()
  await sleep(200)
  expect((await here.ask('GET', '/v1/jobs')).status).toBe(200)
  expect(here.said).toEqual([])
})
