import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, type ControllerHere, controllerHere } from '../controller/controller-here.ts'
import { playedAgent } from '../controller/played-agent.ts'
import { pifarmHere } from '../support/pifarm-here.ts'

let controller: ControllerHere
let agent: ReturnType<typeof playedAgent>
let videos = 0

beforeAll(async () => {
  controller = await controllerHere()
  mkdirSync(join(controller.media, 'films'))
  writeFileSync(join(controller.dir, 'token'), `${adminToken}\n`)
  agent = playedAgent(controller)
  await agent.register()
})
afterAll(() => controller.remove())
beforeEach(async () => {
  const { jobs } = (await controller.ask('GET', '/v1/jobs?state=queued')).json
  for (const { id } of jobs) await controller.ask('POST', `/v1/jobs/${id}/cancel`, {})
})

/** A video that no job is made of yet, as a path on this machine. */
function video(): string {
  const file = join(controller.media, 'films', `v${++videos}.mp4`)
  writeFileSync(file, 'video')
  return file
}

function ask(words: string, more: readonly string[] = [], options = {}) {
  const here = ['--controller', controller.address, '--token-file', join(controller.dir, 'token')]
  return pifarmHere([...words.split(' '), ...more, ...here], options)
}
const inMedia = () => ['--media', controller.media]

async function submitted(...flags: string[]): Promise<string> {
  const { stdout, code, error } = await ask('jobs submit --json', [video(), ...inMedia(), ...flags])
  expect(error).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout)[0].id
}

describe('jobs submit', () => {
  test('all that can be wished for arrives', async () => {
    const id = await submitted(
      ...['--muxid', '1', '--priority', '80', '--ladder', '720:2500,360:700', '--label', 'mpeg2'],
      ...['--label', 'shelf:2', '--not-before', '2h', '--segments', 'fmp4', '--encrypt'],
      ...['--replace', '--webhook', 'http://127.0.0.1:9/told'],
    )
    const { job } = (await controller.ask('GET', `/v1/jobs/${id}`)).json
    expect(job).toMatchObject({
      path: `films/v${videos}.mp4`,
      state: 'queued',
      muxer: '1',
      priority: 80,
      needs: ['mpeg2', 'shelf:2'],
      settings: {
        ladder: {
          mode: 'explicit',
          renditions: [
            { height: 720, kbps: 2500 },
            { height: 360, kbps: 700 },
          ],
        },
        segments: 'fmp4',
        encrypt: true,
        onExists: 'replace',
      },
    })
    const wait = Date.parse(job.runAt) - Date.parse(job.createdAt)
    expect(wait / 3_600_000).toBeCloseTo(2, 1)
  })

  test('the same file again is the job that is there; a path below the media directory will do', async () => {
    const file = video()
    const first = await ask('jobs submit', [file, ...inMedia()])
    expect(first.stderr).toMatch(/^job \d+: films\/v\d+\.mp4: submitted$/)
    const again = await ask('jobs submit', [`films/v${videos}.mp4`])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stderr).toMatch(/^job \d+: .*: in the queue already$/)
    const claimed = (await agent.claim(10)).json
    const third = await ask('jobs submit', [file, ...inMedia()])
    expect(third.stderr).toMatch(/^job \d+: .*: at work already on muxer 1$/)
    await agent.complete(claimed)
  })

  test('control characters in a name are shown, not obeyed', async () => {
    const name = 'films/red\u009b31m.mp4'
    writeFileSync(join(controller.media, name), 'video')
    const { code, stderr } = await ask('jobs submit', [name])
    expect(stderr).toMatch(/^job \d+: films\/red\\u\{9b\}31m\.mp4: submitted$/)
    expect(code).toBe(0)
  })

  test('the same file again, wished otherwise: what is taken over is said, and what is not', async () => {
    const id = await submitted('--label', 'mpeg2')
    const flags = ['--priority', '90', '--webhook', 'http://127.0.0.1:9/told', '--encrypt']
    const again = await ask('jobs submit', [`films/v${videos}.mp4`, ...flags])
    expect(again).toMatchObject({
      code: 0,
      stderr: `job ${id}: films/v${videos}.mp4: in the queue already; took over --priority and --webhook; keeps its own --label and --encrypt`,
    })
    const json = await ask('jobs submit --json', [`films/v${videos}.mp4`])
    expect(JSON.parse(json.stdout)).toMatchObject([
      { id, priority: 90, takenOver: [], notTakenOver: ['priority', 'needs'] },
    ])
  })

  test.each([
    ['--priority', '-1', 'bad --priority "-1"'],
    ['--priority', 'high', 'bad --priority "high"'],
    ['--ladder', '720', 'bad --ladder "720"'],
    ['--ladder', 'multiplier:2', 'bad --ladder "multiplier:2"'],
    ['--label', 'a b', 'bad --label "a b"'],
    ['--muxid', '../1', 'bad --muxid "../1"'],
    ['--not-before', 'tomorrow', 'bad --not-before "tomorrow"'],
    ['--webhook', 'ftp://x', 'bad --webhook "ftp://x"'],
    ['--controller', 'nas', 'bad --controller "nas"'],
  ])('%s %s is refused before anything is sent', async (name, value, message) => {
    const before = (await controller.ask('GET', '/v1/jobs')).text
    const flags = [video(), ...inMedia(), name, value]
    const refused =
      name === '--controller'
        ? await pifarmHere(['jobs', 'submit', ...flags])
        : await ask('jobs submit', flags)
    expect(refused).toMatchObject({ code: 2, error: message })
    expect(refused.hint).not.toBe('')
    if (name === '--webhook') expect(refused.hint).toContain('http:// or https://')
    expect((await controller.ask('GET', '/v1/jobs')).text).toBe(before)
  })

  test('outside the media directory, and not there', async () => {
    const outside = await ask('jobs submit', ['/etc/passwd', ...inMedia()])
    expect(outside).toMatchObject({ code: 2 })
    expect(outside.error).toBe(`"/etc/passwd" is not below the media directory ${controller.media}`)
    // This repository's own, and no file of the media directory.
    expect(await ask('jobs submit', ['package.json', ...inMedia()])).toMatchObject({
      code: 2,
      error: `"package.json" is not below the media directory ${controller.media}`,
    })
    expect(await ask('jobs submit', ['../../etc/passwd'])).toMatchObject({ code: 2 })
    expect(await ask('jobs submit', ['films/no.mp4'])).toMatchObject({
      code: 2,
      error: 'there is no "films/no.mp4" in the media directory',
    })
  })

  test('of several, the one that is not there does not keep the others', async () => {
    const mixed = await ask('jobs submit', [video(), 'films/no.mp4', ...inMedia()])
    expect(mixed.code).toBe(4)
    expect(mixed.stderr).toContain('submitted: 1 of 2')
    expect(mixed.stderr).toContain('there is no "films/no.mp4"')
  })

  test('of several that are refused, what can be done about it is said once for all of them', async () => {
    const files = [video(), video()]
    for (const file of files) mkdirSync(`${file}.hls`)
    const mixed = await ask('jobs submit', [...files, video(), ...inMedia()])
    expect(mixed.code).toBe(4)
    expect(mixed.stderr.match(/ has HLS already: --replace makes it anew$/gm)).toHaveLength(2)
    expect(mixed.stderr).not.toContain('onExists')
    const first = ['--priority', '100']
    const ids = [await submitted(...first), await submitted(...first)]
    for (const _ of ids) await agent.complete((await agent.claim(10)).json)
    const again = await ask('jobs retry', ids)
    expect(again.stderr.match(/ is done: it needs no retry$/gm)).toHaveLength(2)
    const hint = /^ {2}submit its file again with --replace to make it anew$/gm
    expect(again.stderr.match(hint)).toHaveLength(1)
  })

  test('a file that has HLS already is refused in one line that names --replace', async () => {
    const file = video()
    mkdirSync(`${file}.hls`)
    const error = `"films/v${videos}.mp4" has HLS already: --replace makes it anew`
    expect(await ask('jobs submit', [file, ...inMedia()])).toMatchObject({ code: 2, error })
    const mixed = await ask('jobs submit', [file, video(), ...inMedia()])
    expect(mixed.code).toBe(4)
    expect(mixed.stderr).toContain(error)
    expect(mixed.stderr).toMatch(/: submitted$/m)
    const replaced = await ask('jobs submit --replace', [file, ...inMedia()])
    expect(replaced.stderr).toMatch(/: submitted$/)
  })

  test('--wait shows each step, and ends with 0 when all are ready', async () => {
    const heard: string[] = []
    const files = [video(), video()]
    const waiting = ask('jobs submit --wait', [...files, ...inMedia()], {
      heard: (line: string) => heard.push(line),
    })
    for (const _ of files) {
      const claimed = (await agent.claim(10)).json
      await agent.heartbeat(claimed)
      await agent.complete(claimed)
    }
    const ended = await waiting
    expect(ended.code).toBe(0)
    expect(ended.stderr.match(/: done$/gm)).toHaveLength(2)
    expect(ended.stdout).toMatch(/done .*films\/v\d+\.mp4\.hls\/manifest_master\.m3u8/)
  })

  test('--wait --json tells in the end too what became of the wishes', async () => {
    const id = await submitted('--encrypt')
    const waiting = ask('jobs submit --wait --json --priority 90', [`films/v${videos}.mp4`])
    await expect
      .poll(async () => (await controller.ask('GET', `/v1/jobs/${id}`)).json.job.priority)
      .toBe(90)
    await agent.complete((await agent.claim(10)).json)
    const ended = await waiting
    expect(ended.code).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject([
      { id, state: 'done', takenOver: ['priority'], notTakenOver: ['settings.encrypt'] },
    ])
  })

  test('--wait ends with 4 when one failed, and says why', async () => {
    const waiting = ask('jobs submit --wait', [video(), ...inMedia()])
    const claimed = (await agent.claim(10)).json
    await agent.fail(claimed)
    const ended = await waiting
    expect(ended.code).toBe(4)
    expect(ended.stderr).toContain(': failed: it broke')
  })

  test('Ctrl-C ends the waiting, and the job goes on', async () => {
    const interrupt = new AbortController()
    const waiting = ask('jobs submit --wait', [video(), ...inMedia()], {
      signal: interrupt.signal,
    })
    const claimed = (await agent.claim(10)).json
    interrupt.abort()
    const ended = await waiting
    expect(ended.code).toBe(130)
    expect(ended.stderr).toContain(`the jobs go on: ${claimed.job.id}. To stop one`)
    expect(await agent.complete(claimed)).toMatchObject({ status: 200 })
  })
})

describe('jobs', () => {
  test('list, show, log, cancel, retry', async () => {
    const id = await submitted()
    await agent.fail((await agent.claim(10)).json)
    const listed = await ask(`jobs list --state failed --search v${videos}.`)
    expect(listed.stdout).toMatch(/^ID +STATE +PRIO/)
    expect(listed.stdout).toContain('FFmpegErr: it broke')
    const shown = await ask(`jobs show ${id}`)
    expect(shown.stdout).toContain('attempt 1 on muxer 1: failed')
    expect(shown.stdout).toContain("ffmpeg -i 'a b.mp4'")
    expect((await ask(`jobs log ${id}`)).stdout).toContain('last words')
    expect((await ask(`jobs retry ${id}`)).stderr).toBe(`job ${id} is queued again`)
    expect((await ask(`jobs cancel ${id}`)).stderr).toBe(`job ${id} is cancelled`)
    const json = JSON.parse((await ask(`jobs show ${id} --json`)).stdout)
    expect(json).toMatchObject({ job: { id, state: 'cancelled' }, attempts: [{ attempt: 1 }] })
  })

  test('retry says of a job that is queued that it was already; it waits no longer, and keeps its turn', async () => {
    const runAt = async (id: string) =>
      Date.parse((await controller.ask('GET', `/v1/jobs/${id}`)).json.job.runAt)
    const id = await submitted()
    const before = await runAt(id)
    const line = (job: string) => `job ${job} is queued already, and can be taken at once`
    expect(await ask(`jobs retry ${id}`)).toMatchObject({ code: 0, stderr: line(id) })
    expect(await runAt(id)).toBe(before)
    const later = await submitted('--not-before', '2h')
    expect((await ask(`jobs retry ${later}`)).stderr).toBe(line(later))
    expect(await runAt(later)).toBeLessThanOrEqual(Date.now())
    const { stdout } = await ask(`jobs retry --json ${later}`)
    expect(JSON.parse(stdout)).toMatchObject([{ id: later, wasQueued: true }])
    await ask(`jobs cancel ${later}`)
    expect((await ask(`jobs retry ${later}`)).stderr).toBe(`job ${later} is queued again`)
  })

  test('where there is no job, the list says so, and with a filter that it is for the filter', async () => {
    const none = await ask('jobs list --state dead --search nothing/like/it')
    expect(none).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'no job has --state dead --search "nothing/like/it"; all jobs: pifarm jobs list',
    })
    const empty = await controllerHere()
    try {
      const there = ['--controller', empty.address, '--token-file', join(controller.dir, 'token')]
      expect(await pifarmHere(['jobs', 'list', ...there])).toMatchObject({
        code: 0,
        stderr: 'there are no jobs yet; to make one: pifarm jobs submit FILE',
      })
    } finally {
      await empty.remove()
    }
  })

  test('a job that waits says until when, or since when and for what', async () => {
    const instant = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC'
    const now = async (id: string) =>
      /^now +(.*)$/m.exec((await ask(`jobs show ${id}`)).stdout)?.[1]?.trimEnd()
    const later = await submitted('--not-before', '2h')
    expect(await now(later)).toMatch(new RegExp(`^waits until ${instant}$`))
    const past = await submitted('--not-before', '2020-01-01T00:00:00Z', '--label', 'never')
    expect(await now(past)).toMatch(
      /^waits: no muxer has the label never; since 2020-01-01 00:00:00 UTC$/,
    )
    const other = await submitted('--muxid', '7')
    expect(await now(other)).toMatch(
      new RegExp(`^waits: muxer 7 has never asked for work; since ${instant}$`),
    )

    const again = await submitted()
    await agent.fail((await agent.claim(10)).json, { retryable: true })
    expect(await now(again)).toMatch(
      new RegExp(`^waits until ${instant} to be tried again: it broke$`),
    )
    await controller.queue.db.kysely
      .updateTable('jobs')
      .set({ run_at: Date.now() - 1000 })
      .where('id', '=', Number(again))
      .execute()
    const listed = await ask('jobs list --state queued')
    expect(listed.stdout).toMatch(
      new RegExp(`waits: its turn on muxer 1; failed before: it broke; since ${instant}`),
    )
  })

  test('a job at work is cancelled by its muxer', async () => {
    const id = await submitted()
    const claimed = (await agent.claim(10)).json
    expect((await ask(`jobs cancel ${id}`)).stderr).toBe(
      `job ${id} will be cancelled: muxer 1 is told to stop`,
    )
    expect((await agent.heartbeat(claimed)).json).toMatchObject({ cancel: true })
    await agent.release(claimed)
    expect((await ask('jobs list --state cancelled --limit 1')).stdout).toContain(`v${videos}.mp4`)
  })

  test('a word that is no job leaves the others as they were', async () => {
    const id = await submitted()
    const refused = await ask(`jobs cancel ${id} abc`)
    expect(refused).toMatchObject({ code: 2, error: 'bad job "abc"' })
    expect((await controller.ask('GET', `/v1/jobs/${id}`)).json.job.state).toBe('queued')
  })

  test.each([
    ['jobs show 0', 'bad job "0"'],
    ['jobs show x-1', 'bad job "x-1"'],
    ['jobs show 99999', 'there is no job 99999'],
    ['jobs cancel 99999', 'there is no job 99999'],
    ['jobs list --state lost', 'bad --state "lost"'],
    ['jobs list --limit 0', 'bad --limit "0"'],
    ['muxers drain 77', 'there is no muxer 77'],
  ])('%s: %s', async (words, error) => {
    expect(await ask(words)).toMatchObject({ code: 2, error })
  })
})

test('muxers list, drain, resume', async () => {
  expect((await ask('muxers list')).stdout).toMatch(/^1 +HLSPi1 +Raspberry.* waits/m)
  expect((await ask('muxers drain 1')).stderr).toBe('muxer 1: drained')
  expect(await agent.claim()).toMatchObject({ status: 423 })
  expect((await ask('muxers resume 1 --json')).stdout).toContain('"drained": false')
  expect(JSON.parse((await ask('muxers list --json')).stdout)).toMatchObject([{ id: '1' }])
})

test('a controller that is not there, a wrong token, no token', async () => {
  const dead = ['--controller', 'http://127.0.0.1:9', '--token-file', join(controller.dir, 'token')]
  const away = await pifarmHere(['jobs', 'list', ...dead])
  expect(away).toMatchObject({ code: 3 })
  expect(away.error).toContain('http://127.0.0.1:9 does not answer')
  const file = join(controller.dir, 'wrong')
  writeFileSync(file, 'not-the-token')
  const flags = ['--controller', controller.address, '--token-file']
  expect(await pifarmHere(['jobs', 'list', ...flags, file])).toMatchObject({
    code: 2,
    error: 'this token is not known',
  })
  expect(await pifarmHere(['jobs', 'list', ...flags, '/nonexistent'])).toMatchObject({
    code: 2,
    error: 'there is no file /nonexistent that holds the admin token',
    hint: expect.stringContaining("admin-token of the controller's state directory"),
  })
})

test('without a farm.yaml the flags that do without one are named', async () => {
  const none = join(controller.dir, 'none.yaml')
  const token = ['--token-file', join(controller.dir, 'token')]
  for (const words of [
    ['jobs', 'list'],
    ['jobs', 'submit', 'a.mp4', ...token],
    ['muxers', 'list', '--controller', controller.address],
  ])
    expect(await pifarmHere([...words, '--config', none])).toMatchObject({
      code: 2,
      error: `there is no farm at ${none}`,
      hint: 'run `pifarm init`, or name a controller: --controller URL --token-file FILE, and for `jobs submit` --media DIR',
    })
  for (const what of ['export', 'import'])
    expect(await pifarmHere(['jobs', what, 'queue.jsonl', '--config', none])).toMatchObject({
      code: 2,
      error: `there is no farm at ${none}`,
      hint: 'run `pifarm init`, or name a database: --db FILE, or DATABASE_URL=postgresql://...',
    })
})
