import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { adminToken, type ControllerHere, controllerHere } from '../controller-here.ts'

let controller: ControllerHere
beforeAll(async () => {
  controller = await controllerHere()
  const hls = join(controller.media, 'a.mp4.hls')
  mkdirSync(hls)
  mkdirSync(join(controller.media, 'b.mp4.hls.partial-1'))
  writeFileSync(join(controller.media, 'a.mp4'), 'the video itself')
  writeFileSync(join(controller.media, 'b.mp4.hls.partial-1/media.ts'), 'unfinished')
  writeFileSync(join(hls, 'manifest_master.m3u8'), '#EXTM3U\n')
  writeFileSync(join(hls, 'media_900_00000.ts'), '0123456789')
  writeFileSync(join(hls, 'evil.html'), '<script>fetch("/v1/jobs")</script>')
  symlinkSync('../a.mp4', join(hls, 'link.ts'))
  symlinkSync('/etc/passwd', join(hls, 'passwd'))
})
afterAll(() => controller?.remove())

const fetchAt = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(new URL(path, controller.address), init)

async function signIn(): Promise<{ readonly cookie: string; readonly header: string }> {
  const answer = await fetchAt('/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: adminToken }),
  })
  const header = answer.headers.get('set-cookie') ?? ''
  return { cookie: header.split(';')[0] ?? '', header }
}

test('the page comes with a policy that lets it load nothing else, and its assets may be kept', async () => {
  const page = await fetchAt('/')
  expect(page.status).toBe(200)
  const policy = page.headers.get('content-security-policy')
  expect(policy).toMatch(/default-src 'none'; script-src 'self';/)
  expect(policy).not.toMatch(/unsafe|https?:|\*/)
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  const html = await page.text()
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '')
  expect(assets).toHaveLength(3)
  for (const asset of assets) {
    const answer = await fetchAt(asset)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('immutable')
  }
})

test('the page of the API still works: its scripts are allowed by their hashes', async () => {
  const docs = await fetchAt('/docs')
  expect(docs.status).toBe(200)
  expect(docs.headers.get('content-security-policy')).toMatch(/script-src 'self'/)
})

test('a session is a cookie without the token, good for this site’s own page alone', async () => {
  const { cookie, header } = await signIn()
  expect(header).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=86400$/)
  expect(header).not.toContain(adminToken)
  const post = (headers: Record<string, string>) =>
    fetchAt('/v1/muxers/1/drain', { method: 'POST', headers })
  expect((await fetchAt('/v1/jobs', { headers: { cookie } })).status).toBe(200)
  expect((await post({ cookie })).status).toBe(403)
  // It got in: muxer 1 is not known.
  expect((await post({ cookie, 'x-pifarm-page': '1' })).status).toBe(404)
  const forged = [
    cookie.replace(/.{64}$/, '0'.repeat(64)),
    cookie.replace(/.$/, cookie.endsWith('0') ? '1' : '0'),
    'pifarm_session=',
  ]
  for (const wrong of forged)
    expect((await fetchAt('/v1/jobs', { headers: { cookie: wrong } })).status).toBe(401)
})

test('the player’s files are those of finished HLS directories, in ranges, and cannot act', async () => {
  const { cookie } = await signIn()
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetchAt(`/media/${path}`, { headers: { cookie, ...headers } })
  const part = await get('a.mp4.hls/media_900_00000.ts', { range: 'bytes=2-4' })
  expect([part.status, await part.text()]).toEqual([206, '234'])
  const evil = await get('a.mp4.hls/evil.html')
  expect(evil.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  const refused = [
    'a.mp4',
    'a.mp4.hls/link.ts',
    'a.mp4.hls/passwd',
    'a.mp4.hls/../a.mp4',
    'a.mp4.hls/%2e%2e/a.mp4',
    'b.mp4.hls.partial-1/media.ts',
    'a.mp4.hls/',
    'a.mp4.hls/none.ts',
  ]
  const statuses = await Promise.all(refused.map(async (path) => (await get(path)).status))
  expect(statuses.map((status) => status === 400 || status === 404)).toEqual(
    refused.map(() => true),
  )
  expect((await fetchAt('/media/a.mp4.hls/manifest_master.m3u8')).status).toBe(401)
})

test('who guesses at the door is sent away for a while; who shows nothing is not counted, who knows gets in', async () => {
  // Of its own: cookies that were made up are counted too.
  const { address, remove } = await controllerHere()
  onTestFinished(remove)
  for (let tries = 0; tries < 25; tries++)
    expect((await fetch(new URL('/v1/jobs', address))).status).toBe(401)
  const knock = async (token: string): Promise<number> => {
    const body = JSON.stringify({ token })
    const headers = { 'content-type': 'application/json' }
    return (await fetch(new URL('/v1/session', address), { method: 'POST', headers, body })).status
  }
  const statuses: number[] = []
  for (let tries = 0; tries < 21; tries++) statuses.push(await knock(`guess-${tries}`))
  expect(statuses).toEqual([...Array(20).fill(401), 429])
  expect(await knock(adminToken)).toBe(200)
})
