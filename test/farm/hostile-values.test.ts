import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Document, parse } from 'yaml'
import { UserError } from '../../src/errors.ts'
import { loadFarm } from '../../src/farm/load.ts'

/** Every setting there is, each with a value: test/farm/reference-farm.test.ts sees to it. */
const farm = parse(readFileSync(new URL('../../docs/farm.yaml', import.meta.url), 'utf8'))

type Path = readonly (string | number)[]

/** What would break out of a line of exports, dhcpd.conf, rules.v4, cmdline.txt or config.txt, or out of a directory. */
const breakingOut = ['a\nb', 'a\rb', 'a\u001b[2J', 'a\u202eb', '', 'é', 'x'.repeat(5000)]
const others = [
  ...[
    'a"b',
    "a'b",
    'a;b',
    'a{b}',
    'a}b',
    'a b',
    'a$(b)',
    'a`b`',
    'a\\b',
    'a#b',
    '-',
    '--help',
    '%s',
  ],
  ...['../b', '..', '/../b', '/a/../b', '/a/', '/', '//a', '/a b', '/a;b', '/a"b', '/a{b}', '/a#b'],
]
const hostile = [...breakingOut, ...others]

/** Further words of the kernel's line may be any printable ones; they stay on that one line. */
const isFreeText = (path: Path) => path.at(-1) === 'cmdline_extra'
/** Words of commands that no shell ever reads. */
const isCommand = (path: Path) => path[0] === 'services' && typeof path.at(-1) === 'number'

function scalars(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  // A list that is empty by default takes the same: what stands in it is judged, too.
  if (Array.isArray(value) && value.length === 0) return [[...path, 0]]
  return Object.entries(value).flatMap(([key, inner]) =>
    scalars(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

/** JSON is YAML, and quicker to make. */
function refusal(path: Path, value: string): UserError | undefined {
  const doc = new Document(farm)
  doc.setIn(path, value)
  try {
    loadFarm(JSON.stringify(doc), 'farm.yaml')
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

const paths = scalars(farm).filter((path) => !isCommand(path))

test('without any such value the same farm loads', () => {
  expect(loadFarm(JSON.stringify(farm), 'farm.yaml').pis).toHaveLength(2)
})

describe('a value that would break out is refused in farm.yaml, with its place:', () => {
  test.each(paths.map((path) => [path.join('.'), path] as const))('%s', (name, path) => {
    for (const value of isFreeText(path) ? breakingOut : hostile) {
      const error = refusal(path, value)
      expect(error?.message, JSON.stringify(value)).toMatch(/^farm\.yaml:\d+:\d+ {2}/)
      expect(error?.message).toContain(`${name}: `)
      expect(error?.message).not.toMatch(/[^\P{C}\n]/u)
      expect(error?.hint).toBeDefined()
    }
  })
})
