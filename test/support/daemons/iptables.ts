import type { Output } from '../../../src/host/host.ts'
import { output } from '../fake-nas.ts'

type Table = Map<string, { readonly policy: string; readonly rules: string[] }>

/** The filter table of a kernel, with the parts of iptables-save and iptables-restore in use here. */
export interface FakeIptables {
  save(): string
  /** `--noflush`: declaring a chain empties it. One bad line, and nothing of it happens. */
  restore(input: string): Output
  test(input: string): Output
  /** The same in a network namespace of its own, where the table is empty. */
  testAlone(input: string): Output
}

/** Starts with what the file for the boot says; one bad line, and the file is skipped. */
export function fakeIptables(atBoot: string): FakeIptables {
  let table = emptyTable()

  function attempt(from: Table, input: string, keep: (next: Table) => void): Output {
    try {
      keep(loaded(from, input))
      return output()
    } catch (error) {
      return output('', 1, `iptables-restore: ${(error as Error).message}\n`)
    }
  }

  function restore(input: string): Output {
    return attempt(table, input, (next) => {
      table = next
    })
  }

  restore(atBoot)
  return {
    save: () => saved(table),
    restore,
    test: (input) => attempt(table, input, () => {}),
    testAlone: (input) => attempt(emptyTable(), input, () => {}),
  }
}

function emptyTable(): Table {
  return new Map(
    ['INPUT', 'FORWARD', 'OUTPUT'].map((name) => [name, { policy: 'ACCEPT', rules: [] }]),
  )
}

function saved(table: Table): string {
  const chains = [...table].map(([name, { policy }]) => `:${name} ${policy} [0:0]`)
  const rules = [...table].flatMap(([name, chain]) =>
    chain.rules.map((rule) => `-A ${name} ${rule}`),
  )
  return ['*filter', ...chains, ...rules, 'COMMIT', ''].join('\n')
}

function loaded(table: Table, input: string): Table {
  const next: Table = new Map(
    [...table].map(([name, { policy, rules }]) => [name, { policy, rules: [...rules] }]),
  )
  let ended = input.trim() === ''
  for (const [index, line] of input.split('\n').entries()) {
    if (line === 'COMMIT') ended = true
    else if (!/^(?:#.*|\*filter|)$/.test(line)) obey(next, line, index + 1)
  }
  if (!ended) throw new Error('COMMIT expected')
  return next
}

function obey(table: Table, line: string, number: number): void {
  const wrong = new Error(`line ${number} failed`)
  const [, declared, policy = ''] = /^:(\S+) (ACCEPT|DROP|-)(?: \[\d+:\d+\])?$/.exec(line) ?? []
  if (declared !== undefined) {
    table.set(declared, { policy, rules: [] })
    return
  }
  const [, verb, name = '', rest = ''] = /^-([ADIFX]) (\S+)(?: (.+))?$/.exec(line) ?? []
  const chain = table.get(name)
  if (chain === undefined) throw wrong
  const target = / -j (\S+)/.exec(` ${rest}`)?.[1]
  const known = target === undefined || table.has(target) || /^(?:ACCEPT|DROP|REJECT)$/.test(target)
  if (!known || /\/32\d|\.(?:25[6-9]|2[6-9]\d|[3-9]\d\d)\b/.test(rest)) throw wrong
  switch (verb) {
    case 'A':
      chain.rules.push(rest)
      return
    case 'I':
      chain.rules.splice(Number(rest.split(' ')[0]) - 1, 0, rest.replace(/^\d+ /, ''))
      return
    case 'D':
      if (!chain.rules.includes(rest)) throw wrong
      chain.rules.splice(chain.rules.indexOf(rest), 1)
      return
    case 'F':
      chain.rules.length = 0
      return
    case 'X': {
      const isUsed = [...table.values()].some((one) =>
        one.rules.some((rule) => rule.endsWith(`-j ${name}`)),
      )
      if (isUsed || chain.rules.length > 0) throw wrong
      table.delete(name)
      return
    }
    default:
      throw wrong
  }
}
