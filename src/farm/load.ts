import { isNode, isScalar } from 'yaml'
import * as z from 'zod'
import { quoted, UserError } from '../errors.ts'
import { closest } from './closest.ts'
import { crossCheck, type Problem } from './cross-check.ts'
import { type Farm, makeFarm } from './farm.ts'
import { type FarmSettings, farmSchema, type PiSettings } from './farm-schema.ts'
import {
  type FarmText,
  keyOffset,
  mistakes,
  nodeAt,
  type Path,
  place,
  readFarmText,
} from './farm-text.ts'
import { pathClashes } from './path-clashes.ts'

/**
 * The farm that a farm.yaml describes. A UserError has one line for each thing that is wrong:
 * `farm.yaml:LINE:COLUMN  pis.1.serial: ...`.
 */
export function loadFarm(text: string, file: string): Farm {
  return farmFrom(readFarmText(text, file))
}

/** The same from a text that is already parsed, as an edit leaves it. */
export function farmFrom(source: FarmText): Farm {
  const { data, file } = source
  if (data === null || data === undefined) {
    throw new UserError(`${file} is empty`, { hint: 'run pifarm init to write one' })
  }
  const parsed = parse(emptyListFilled(data))
  if (!parsed.success) {
    throw mistakes(parsed.error.issues.flatMap((issue) => issueLines(source, issue)))
  }
  const problems = [
    ...crossCheck(parsed.data, (path) => lineOf(source, path)),
    ...pathClashes(parsed.data, file, (path) => path.length > 0 && nodeAt(source, path).found),
  ]
  refuseProblems(source, problems)
  return makeFarm(file, parsed.data)
}

/** Throws where there are any: a line for each, with its place in farm.yaml. */
export function refuseProblems(source: FarmText, problems: readonly Problem[]): void {
  if (problems.length > 0) {
    throw mistakes(problems.map((problem) => problemLine(source, problem)))
  }
}

/** Entries of `pis` that were found good, with what they say: an edit leaves nearly all as they were. */
const judged = new WeakMap<object, PiSettings>()

/** Judges what has not been judged yet: of a thousand Pis the one that an edit adds. */
function parse(data: unknown): z.ZodSafeParseResult<FarmSettings> {
  const pis = pisIn(data)
  const fresh = pis.filter((pi) => !judged.has(pi))
  const parsed = farmSchema.safeParse(
    fresh.length < pis.length ? { ...(data as object), pis: fresh } : data,
    { reportInput: true },
  )
  // Once more, for the places of the mistakes are those in the whole list.
  if (!parsed.success) return farmSchema.safeParse(data, { reportInput: true })
  for (const [index, pi] of parsed.data.pis.entries()) judged.set(fresh[index] ?? pi, pi)
  return { ...parsed, data: { ...parsed.data, pis: pis.flatMap((pi) => judged.get(pi) ?? []) } }
}

function pisIn(data: unknown): readonly object[] {
  const pis = typeof data === 'object' && data !== null && 'pis' in data ? data.pis : []
  return Array.isArray(pis) && pis.every((pi) => typeof pi === 'object' && pi !== null) ? pis : []
}

/** `pis:` with nothing behind it is what is left when a person has deleted the last entry. */
function emptyListFilled(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('pis' in data)) return data
  return data.pis === null ? { ...data, pis: [] } : data
}

function issueLines(source: FarmText, issue: z.core.$ZodIssue): string[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(source, path, key))
  }
  const { node, found } = nodeAt(source, path)
  if (!found) return [problemLine(source, { path, message: 'is missing' })]
  const [from, to] = (isNode(node) && node.range) || [0, 0]
  // A text as it reads, without its quotes; of everything else what is written.
  const isText = isScalar(node) && typeof node.value === 'string'
  const value = isText ? node.value : source.text.slice(from, to).trim()
  return [problemLine(source, { path, message: `${quoted(value)}: ${meaning(issue)}` })]
}

function problemLine(source: FarmText, { path, message }: Problem): string {
  const offset = nodeAt(source, path).node?.range?.[0] ?? 0
  return `${place(source, offset)}  ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`
}

function unknownKey(source: FarmText, path: Path, key: string): string {
  const offset = keyOffset(source, path, key) ?? 0
  const guess = closest(key, keysAt(path))
  const full = quoted([...path, key].join('.'))
  return `${place(source, offset)}  unknown setting ${full}${guess ? `, did you mean ${guess}?` : ''}`
}

/** What is wrong with a value: the library speaks of types, a person wants to know what to write. */
export function meaning(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).toSorted().join(', ')}`
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'invalid_union':
      return 'must be an address such as 10.77.0.9 or a subnet such as 10.77.0.0/24'
    default:
      return issue.message
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of settings',
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long'
  return origin === 'array' ? ' entries long' : ''
}

type JsonSchema = z.core.JSONSchema.BaseSchema

function keysAt(path: Path): readonly string[] {
  let schema: JsonSchema | undefined = z.toJSONSchema(farmSchema, { io: 'input' })
  for (const key of path) {
    const next: JsonSchema['items'] =
      typeof key === 'number' ? schema?.items : schema?.properties?.[key]
    schema = typeof next === 'object' && !Array.isArray(next) ? next : undefined
  }
  return Object.keys(schema?.properties ?? {})
}

/** `farm.yaml:12` */
function lineOf(source: FarmText, path: Path): string {
  const offset = nodeAt(source, path).node?.range?.[0] ?? 0
  return `${source.file}:${source.lines.linePos(offset).line}`
}
