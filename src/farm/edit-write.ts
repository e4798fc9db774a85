import { stringify } from 'yaml'

type Entry = Readonly<Record<string, unknown>>

/** The lines of a list entry whose dash stands behind `indent`. */
export function blockEntry(entry: Entry, indent: string): string[] {
  return Object.entries(entry).map(
    ([key, value], index) => `${indent}${index === 0 ? '- ' : '  '}${key}: ${scalar(value, false)}`,
  )
}

/** `{name: HLSPi1, muxid: 1}`, as JSON where the file is JSON. */
export function flowEntry(entry: Entry, json: boolean): string {
  const pairs = Object.entries(entry).map(([key, value]) =>
    json ? `${JSON.stringify(key)}: ${JSON.stringify(value)}` : `${key}: ${scalar(value, true)}`,
  )
  return `{${pairs.join(', ')}}`
}

/** A value as YAML reads it back: quoted where it would be taken for something else. */
export function scalar(value: unknown, flow: boolean): string {
  if (typeof value !== 'string') return String(value)
  // YAML 1.1, which many editors still speak, reads 12:34:56 as a number to the base of 60.
  if (/^[\d:]+$/.test(value) || (flow && /[,[\]{}]/.test(value))) return JSON.stringify(value)
  return stringify(value, { lineWidth: 0, blockQuote: false }).trimEnd()
}
