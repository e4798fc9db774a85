import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { farmJsonSchema } from '../../src/farm/json-schema.ts'
import { loadFarm } from '../../src/farm/load.ts'

const docs = (name: string) => new URL(`../../docs/${name}`, import.meta.url)

/** Examples of settings that have no default. */
const examples = [
  'network.dns',
  'services.log.file',
  'defaults.cmdline_extra',
  'controller.listen',
  'controller.tls_cert',
  'controller.tls_key',
  'controller.watch_folder',
]

test('the reference farm loads, and shows every default as it is', async () => {
  const { pis: _, file: __, ...shown } = loadFarm(await readFile(docs('farm.yaml'), 'utf8'), 'f')
  const { nas, network } = shown
  const defaults = farmSchema.parse({
    nas,
    network: { subnet: network.subnet, addresses: '10.77.0.50-10.77.0.99' },
  })

  const differing = leaves(shown).filter(
    ([path, value]) => new Map(leaves(defaults)).get(path) !== value,
  )

  expect(differing.map(([path]) => path)).toEqual(
    expect.arrayContaining(examples.filter((path) => differing.some(([own]) => own === path))),
  )
  expect(
    differing.map(([path]) => path).filter((path) => !/^network\.(?:gateway|domain)$/.test(path)),
  ).toEqual(examples)
})

test('the reference farm names every setting there is', async () => {
  const text = await readFile(docs('farm.yaml'), 'utf8')
  for (const key of keys(JSON.parse(farmJsonSchema()))) {
    expect(text).toMatch(new RegExp(`^ *(?:- )?${key}:`, 'm'))
  }
})

test('every setting of the reference farm is explained by a comment above it', async () => {
  const lines = (await readFile(docs('farm.yaml'), 'utf8')).split('\npis:')[0]?.split('\n') ?? []
  const bare = lines.filter(
    (line, index) => /^ +[a-z_]+: ./.test(line) && !/^ *#/.test(lines[index - 1] ?? ''),
  )
  expect(bare).toEqual([])
})

test('the schema for editors is fresh: npm run schema', async () => {
  expect(await readFile(docs('farm.schema.json'), 'utf8')).toBe(farmJsonSchema())
})

function leaves(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [[path, JSON.stringify(value)]]
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === '' ? key : `${path}.${key}`),
  )
}

function keys(schema: { properties?: object; items?: object }): string[] {
  const inner = Object.entries(schema.properties ?? {})
  return [
    ...inner.flatMap(([key, value]) => [key, ...keys(value)]),
    ...(schema.items ? keys(schema.items) : []),
  ]
}
