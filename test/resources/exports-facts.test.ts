import { expect, test } from 'vitest'
import { makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { readExportFacts } from '../../src/resources/exports/export-facts.ts'
import { fakeNas } from '../support/fake-nas.ts'

function farmWith(paths = {}) {
  const settings = farmSchema.parse({
    nas: { address: '10.77.0.1', interface: 'eth0' },
    network: { subnet: '10.77.0.0/24', addresses: '10.77.0.10-10.77.0.99' },
    paths,
  })
  return makeFarm('farm.yaml', settings)
}

test('people’s files are read in the order of exportfs, pifarm’s own and unread ones are not', async () => {
  const nas = fakeNas({
    '/etc/exports': '/a 10.0.0.1',
    '/etc/exports.d/b10.exports': '# x\n/b 10.0.0.10',
    '/etc/exports.d/b2.exports': '/b 10.0.0.2',
    '/etc/exports.d/pifarm.exports': '/p 10.77.0.11(rw)',
    '/etc/exports.d/.hidden.exports': '/b 10.0.0.3',
    '/etc/exports.d/not-read.conf': '/b 10.0.0.4',
  })
  expect(await readExportFacts(nas, farmWith())).toEqual([
    { path: '/a', client: '10.0.0.1', file: '/etc/exports', line: 1 },
    { path: '/b', client: '10.0.0.2', file: '/etc/exports.d/b2.exports', line: 1 },
    { path: '/b', client: '10.0.0.10', file: '/etc/exports.d/b10.exports', line: 2 },
  ])
})

test('links are read as exportfs reads them', async () => {
  const nas = fakeNas({
    '/etc/exports': { kind: 'link', target: 'nas/exports' },
    '/etc/nas/exports': '/a 10.0.0.1',
    '/etc/exports.d/b.exports': { kind: 'link', target: '/srv/b' },
    '/srv/b': '/b 10.0.0.2',
    '/etc/exports.d/gone.exports': { kind: 'link', target: '/none' },
    '/etc/exports.d/round.exports': { kind: 'link', target: 'round.exports' },
  })
  expect(await readExportFacts(nas, farmWith())).toEqual([
    { path: '/a', client: '10.0.0.1', file: '/etc/exports', line: 1 },
    { path: '/b', client: '10.0.0.2', file: '/etc/exports.d/b.exports', line: 1 },
  ])
})

test('below pifarm’s block the lines keep their numbers', async () => {
  const block = '# BEGIN pifarm: x\n/p 10.77.0.11(rw)\n# END pifarm\n'
  const nas = fakeNas({ '/etc/exports': `/a 10.0.0.1\n${block}/b 10.0.0.2\n` })
  expect(await readExportFacts(nas, farmWith({ exports: '/etc/exports' }))).toEqual([
    { path: '/a', client: '10.0.0.1', file: '/etc/exports', line: 1 },
    { path: '/b', client: '10.0.0.2', file: '/etc/exports', line: 5 },
  ])
})

test('a NAS without any exports has none', async () => {
  expect(await readExportFacts(fakeNas(), farmWith())).toEqual([])
})
