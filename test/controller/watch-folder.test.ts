import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type MediaDir, mediaDir } from '../../src/controller/media-dir.ts'
import type { Queue } from '../../src/controller/queue/queue.ts'
import { Refused } from '../../src/controller/queue/refused.ts'
import { type Watching, watchFolder } from '../../src/controller/watch-folder.ts'
import { type ControllerHere, controllerHere } from './controller-here.ts'

const everyMs = 100
let controller: ControllerHere
let folder: string
let said: string[]
let watching: Watching

beforeEach(async () => {
  controller = await controllerHere()
  folder = join(controller.media, 'incoming')
  mkdirSync(folder)
  said = []
})
afterEach(async () => {
  await watching.close()
  await controller.remove()
})

function watch(more: Partial<MediaDir> = {}, queue: Queue = controller.queue): void {
  const media = { ...mediaDir(controller.media), ...more }
  watching = watchFolder(queue, media, folder, (line) => said.push(line), everyMs)
}
/** Takes back the one job that waits, or will. */
async function cancelled(): Promise<void> {
  const queued = async () => (await controller.ask('GET', '/v1/jobs?state=queued')).json.jobs
  await until(async () => (await queued()).length > 0)
  for (const { id } of await queued()) await controller.ask('POST', `/v1/jobs/${id}/cancel`, {})
  await looks(3)
}
const lay = (name: string, content = 'video') => writeFileSync(join(folder, name), content)
const looks = (count: number) => sleep(count * everyMs * 2)
/** The names below the folder that were submitted. */
async function submitted(): Promise<string[]> {
  const { jobs } = (await controller.ask('GET', '/v1/jobs?q=incoming/')).json
  return jobs.map(({ path }: { path: string }) => path.slice('incoming/'.length)).sort()
}
const skips = () => said.filter((line) => !line.startsWith('job ')).sort()
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries === 200) throw new Error(`it never came: ${said.join('; ')}`)
    await sleep(50)
  }
}

test('submits what has stopped growing, once; hidden files and HLS are passed over', async () => {
  mkdirSync(join(folder, 'deep/made.mp4.hls'), { recursive: true })
  const growing = join(folder, 'deep/growing.mp4')
  for (const name of ['deep/growing.mp4', 'whole.MKV', '.hidden.mp4', 'deep/made.mp4.hls/a.ts'])
    lay(name)
  const growth = setInterval(() => appendFileSync(growing, 'more'), 10)
  watch()
  await until(async () => (await submitted()).length > 0)
  await looks(3)
  expect(await submitted()).toEqual(['whole.MKV'])
  clearInterval(growth)
  await until(async () => (await submitted()).length > 1)
  await looks(3)
  expect(await submitted()).toEqual(['deep/growing.mp4', 'whole.MKV'])
  expect(skips()).toEqual([])
})

describe('what is skipped is said once:', () => {
  test('what is no video, or cannot be one', async () => {
    lay('notes.txt', 'notes')
    lay('README', 'notes')
    lay('empty.mp4', '')
    lay('good.mp4')
    lay('Bu\u0308cher.mp4')
    lay('bell\u0007.mp4')
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9, 0x2e, 0x74, 0x73])]),
      'v',
    )
    symlinkSync('good.mp4', join(folder, 'link.mp4'))
    mkdirSync(join(folder, '1/2/3/4/5/6/7/8/9/10/11'), { recursive: true })
    watch()
    await until(async () => (await submitted()).length > 0)
    await looks(3)
    expect(await submitted()).toEqual(['good.mp4'])
    const what = (name: string, why: string) =>
      `the watch folder: ${JSON.stringify(`incoming/${name}`)} is skipped: ${why}`
    expect(skips()).toEqual(
      [
        what('notes.txt', 'its name is not that of a video'),
        what('README', 'its name is not that of a video'),
        what('empty.mp4', 'empty'),
        what('Bu\u0308cher.mp4', 'its name is not in NFC; rename it'),
        what('bell\u0007.mp4', 'a media path has no control characters'),
        what('caf\ufffd.ts', 'its name is not in UTF-8; rename it'),
        what('link.mp4', 'a link'),
        what('1/2/3/4/5/6/7/8/9/10/11', 'more than 10 directories deep'),
      ].sort(),
    )
    lay('empty.mp4')
    await until(async () => (await submitted()).includes('empty.mp4'))
  })

  test('a video that is newer than its HLS; one that is older is made', async () => {
    for (const name of ['newer.mp4', 'older.mp4']) {
      mkdirSync(join(folder, `${name}.hls`))
      lay(name)
    }
    utimesSync(join(folder, 'newer.mp4.hls'), 1e9, 1e9)
    utimesSync(join(folder, 'older.mp4'), 1e9, 1e9)
    watch()
    await until(() => said.length > 0)
    await looks(3)
    expect(said).toEqual([
      'the watch folder: "incoming/newer.mp4" is skipped: there is HLS of what it was before; to make it anew: pifarm jobs submit --replace',
    ])
    expect(await submitted()).toEqual([])
  })
})

test('a file that is dated in the future is submitted once, however its job ends and whatever else is done to it, and again when it is written', async () => {
  const nextYear = Date.now() / 1000 + 3e7
  const write = (date: number) => {
    lay('later.mp4')
    utimesSync(join(folder, 'later.mp4'), date, date)
  }
  write(nextYear)
  watch()
  await cancelled()
  chmodSync(join(folder, 'later.mp4'), 0o640)
  await looks(3)
  expect(await submitted()).toEqual(['later.mp4'])
  write(nextYear + 60)
  await cancelled()
  expect(await submitted()).toEqual(['later.mp4', 'later.mp4'])
})

test('where the clock of the database is slow, a file is submitted once all the same, and again when it is written', async () => {
  const { db } = controller.queue
  const now = sql<number>`${db.now} - 3600000`
  lay('slow.mp4')
  watch({}, { ...controller.queue, db: { ...db, now } })
  await cancelled()
  expect(await submitted()).toEqual(['slow.mp4'])
  chmodSync(join(folder, 'slow.mp4'), 0o640)
  await looks(3)
  expect(await submitted()).toEqual(['slow.mp4'])
  lay('slow.mp4', 'another')
  await cancelled()
  expect(await submitted()).toEqual(['slow.mp4', 'slow.mp4'])
})

describe('a file that took the place of another, and brought an old date along,', () => {
  const replace = (name: string, content = 'another video') => {
    lay('.coming', content)
    utimesSync(join(folder, '.coming'), 1e9, 1e9)
    renameSync(join(folder, '.coming'), join(folder, name))
  }
  const line = (name: string) =>
    `the watch folder: "incoming/${name}" is skipped: there is HLS of what it was before; to make it anew: pifarm jobs submit --replace`

  test('is said once where there is HLS, be it of unknown origin; what is done to it else is not', async () => {
    lay('made.mp4')
    lay('same.mp4')
    for (const name of ['made', 'same']) mkdirSync(join(folder, `${name}.mp4.hls`))
    watch()
    await looks(3)
    replace('made.mp4')
    chmodSync(join(folder, 'same.mp4'), 0o640)
    await until(() => said.length > 0)
    await looks(3)
    replace('made.mp4', 'a third video')
    await looks(3)
    expect(said).toEqual([line('made.mp4')])
    expect(await submitted()).toEqual([])
  })

  test('is said also where it came while nobody watched: the queue knows what its job was made of', async () => {
    lay('made.mp4')
    lay('same.mp4')
    for (const name of ['made.mp4', 'same.mp4']) {
      const { json } = await controller.ask('POST', '/v1/jobs', { path: `incoming/${name}` })
      await controller.ask('POST', `/v1/jobs/${json.id}/cancel`, {})
      mkdirSync(join(folder, `${name}.hls`))
    }
    replace('made.mp4')
    chmodSync(join(folder, 'same.mp4'), 0o640)
    watch()
    await until(() => said.length > 0)
    await looks(3)
    expect(said).toEqual([line('made.mp4')])
  })

  test('is submitted where there is none, whatever became of the job before', async () => {
    lay('bad.mp4')
    watch()
    await cancelled()
    replace('bad.mp4')
    await cancelled()
    chmodSync(join(folder, 'bad.mp4'), 0o640)
    await looks(3)
    expect(await submitted()).toEqual(['bad.mp4', 'bad.mp4'])
    expect(skips()).toEqual([])
  })
})

test('what stays as it is costs no query and no look for its HLS; what has gone is forgotten', async () => {
  let [queries, looksForHls] = [0, 0]
  const { queue } = controller
  const kysely = queue.db.kysely.withPlugin({
    transformQuery: ({ node }) => {
      queries++
      return node
    },
    transformResult: async ({ result }) => result,
  })
  for (const name of ['new.mp4', 'made.mp4', 'newer.mp4', 'notes.txt']) lay(name)
  for (const name of ['made.mp4', 'newer.mp4']) mkdirSync(join(folder, `${name}.hls`))
  utimesSync(join(folder, 'newer.mp4.hls'), 1e9, 1e9)
  const { hlsMadeAt } = mediaDir(controller.media)
  const counted = async (path: string) => {
    looksForHls++
    return hlsMadeAt(path)
  }
  watch({ hlsMadeAt: counted }, { ...queue, db: { ...queue.db, kysely } })
  await until(() => said.length === 3)
  await looks(2)
  const before = [queries, looksForHls]
  await looks(5)
  expect([queries, looksForHls]).toEqual(before)
  expect(looksForHls).toBe(3)

  rmSync(join(folder, 'notes.txt'))
  await looks(2)
  lay('notes.txt')
  await until(() => said.length === 4)
  expect(said.filter((line) => line.includes('notes.txt'))).toHaveLength(2)
})

test('a file that is refused holds up no other', async () => {
  const names = [1, 2, 3, 4, 5, 6].map((number) => `${number}.mp4`)
  for (const name of names) for (const kind of ['bad', 'good']) lay(`${kind}${name}`)
  watch({
    file: async (path) => {
      if (path.includes('bad')) throw new Refused(400, 'it cannot be read')
      return { real: path, version: '' }
    },
  })
  await until(async () => (await submitted()).length === names.length)
  await looks(3)
  expect(await submitted()).toEqual(names.map((name) => `good${name}`))
  expect(skips()).toEqual(
    names.map((name) => `the watch folder: "incoming/bad${name}" is skipped: it cannot be read`),
  )
})

test('a fault of ours is told as a bug, with where it is, and holds up no other file', async () => {
  lay('bad.mp4')
  lay('gone.mp4')
  lay('good.mp4')
  watch({
    file: async (path) => {
      if (path.includes('bad')) throw new TypeError('x is undefined')
      if (path.includes('gone')) statSync(join(folder, 'no.mp4'))
      return { real: path, version: '' }
    },
  })
  await until(async () => (await submitted()).length > 0 && skips().length > 1)
  await looks(3)
  expect(await submitted()).toEqual(['good.mp4'])
  expect(skips()).toEqual([
    expect.stringMatching(
      /^the watch folder: "incoming\/bad\.mp4" met a bug in pifarm; please report it: TypeError: x is undefined\n +at .*watch-folder\.test/,
    ),
    expect.stringContaining('"incoming/gone.mp4" is skipped: ENOENT: no such file'),
  ])
})

test('a fault of ours in the look itself is told as a bug, once', async () => {
  lay('good.mp4')
  const media = mediaDir(controller.media)
  watching = watchFolder(controller.queue, media, folder, (line) => said.push(line), everyMs)
  Object.assign(media, { dir: undefined })
  await until(() => said.length > 0)
  await looks(3)
  expect(said).toEqual([
    expect.stringMatching(
      /^the watch folder met a bug in pifarm; please report it: TypeError.*\n +at /,
    ),
  ])
})

test('a folder that is not there is one clear line, and is watched once it is', async () => {
  const elsewhere = join(controller.media, 'unmounted')
  renameSync(folder, elsewhere)
  watch()
  await until(() => said.length > 0)
  await looks(3)
  const line = `the watch folder ${folder} is not there: make it, or mount what it is on`
  expect(said).toEqual([line])
  renameSync(elsewhere, folder)
  lay('late.mp4')
  await until(async () => (await submitted()).length > 0)
  rmSync(folder, { recursive: true })
  await until(() => skips().length > 1)
  expect(skips()).toEqual([line, line])
})
