import { describe, expect, test } from 'vitest'
import { parseEtab } from '../../src/resources/exports/etab.ts'
import { parseExports } from '../../src/resources/exports/parse-exports.ts'

describe('parseExports', () => {
  test.each<[string, string, readonly (readonly [string, string, number])[]]>([
    ['nothing', '', []],
    ['comments and blank lines', '# /a *(rw)\n\n  # b\n', []],
    ['one client', '/a 10.0.0.1(rw)\n', [['/a', '10.0.0.1', 1]]],
    ['no final newline', '/a 10.0.0.1', [['/a', '10.0.0.1', 1]]],
    [
      'several clients',
      '/a 10.0.0.1(rw) @net *.lan(ro)',
      [
        ['/a', '10.0.0.1', 1],
        ['/a', '@net', 1],
        ['/a', '*.lan', 1],
      ],
    ],
    [
      'a blank before the options: the world',
      '/a 10.0.0.1 (rw)',
      [
        ['/a', '10.0.0.1', 1],
        ['/a', '*', 1],
      ],
    ],
    [
      'no client at all: the world',
      '/a\n/b x\n',
      [
        ['/a', '*', 1],
        ['/b', 'x', 2],
      ],
    ],
    [
      'default options before the clients',
      '/a -ro,sync h1 h2(rw)',
      [
        ['/a', 'h1', 1],
        ['/a', 'h2', 1],
      ],
    ],
    ['default options and no client', '/a -ro\n', [['/a', '*', 1]]],
    [
      'a continued line',
      '/a \\\n   h1(rw) \\\n   h2\n/b h3',
      [
        ['/a', 'h1', 2],
        ['/a', 'h2', 3],
        ['/b', 'h3', 4],
      ],
    ],
    ['a continued comment', '# a \\\n/x h1\n/b h2\n', [['/b', 'h2', 3]]],
    ['a comment behind a line', '/a h1 # /b h2\n', [['/a', 'h1', 1]]],
    ['a # inside a path', '/a#b h1\n', [['/a#b', 'h1', 1]]],
    ['quotes', '"/a b" h1\n', [['/a b', 'h1', 1]]],
    ['octal', '/a\\040b h1\n', [['/a b', 'h1', 1]]],
    [
      'CRLF',
      '/a h1(rw)\r\n/b h2\r\n',
      [
        ['/a', 'h1', 1],
        ['/b', 'h2', 2],
      ],
    ],
    [
      'a slash at the end',
      '/a/ h1\n/ h2\n',
      [
        ['/a', 'h1', 1],
        ['/', 'h2', 2],
      ],
    ],
    ['leading blanks', '\t /a h1\n', [['/a', 'h1', 1]]],
  ])('%s', (_, text, wanted) => {
    expect(parseExports(text).map(({ path, client, line }) => [path, client, line])).toEqual(wanted)
  })
})

describe('parseEtab', () => {
  test('reads path, client and options, and unescapes the path', () => {
    expect(parseEtab('/a\\040b\t10.0.0.1(rw,sync)\nnonsense\n')).toEqual([
      { path: '/a b', client: '10.0.0.1', options: new Set(['rw', 'sync']) },
    ])
  })
})
