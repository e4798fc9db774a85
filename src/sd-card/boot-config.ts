import { UserError } from '../errors.ts'
import { ConfigFilters } from '../netboot/boot-client/config-filters.ts'

const key = 'program_usb_boot_mode'
const ourLine = `${key}=1`
/** A 3B; that of a 3B+ is blown in the factory. */
const boardWithFuse = { models: ['pi3'], boardType: 0x08, serial: undefined }

/** Whether the firmware of every board that has the fuse would act on this config.txt. */
export function asksForFuse(text: string): boolean {
  return valueInForce(text)?.value === '1'
}

/** The whole of a config.txt that pifarm made where there was none. */
const madeHere = `${ourLine}\n`

/**
 * The text with the line that lets the firmware blow the fuse. It becomes the first line: before
 * the first `[filter]` it holds for every board, so nothing has to be closed with `[all]`, and a
 * missing newline at the end of the file stays missing: that of an empty one too, which tells it from
 * no file at all (undefined). Text that asks for the fuse comes back as it is.
 */
export function withFuseLine(text: string | undefined): string {
  if (text === undefined) return madeHere
  if (text === '') return ourLine
  // UTF-16 comes of an editor on Windows; the firmware reads none of it.
  if (text.includes('\0'))
    throw new UserError('config.txt is not plain text: it has zero bytes in it', {
      hint: 'save it again as UTF-8',
    })
  const inForce = valueInForce(text)
  if (inForce?.value === '1') return text
  if (inForce !== undefined)
    throw new UserError(`config.txt line ${inForce.line} sets ${key} to another value`, {
      hint: 'somebody wanted that: take the line out by hand first',
    })
  return `${ourLine}${endOfLines(text)}${text}`
}

/**
 * What `withFuseLine` was given, to the byte, undefined for no file; a person's own lines for single boards
 * stay. Where the first line is not pifarm's, the text without any line that asks for the fuse.
 */
export function withoutFuseLine(text: string): string | undefined {
  if (text === madeHere) return undefined
  const [first, ...rest] = lines(text)
  if (first?.trimEnd() === ourLine) return rest.join('')
  return lines(text)
    .filter((line) => !asksFor(line))
    .join('')
}

/** The lines with their ends. */
function lines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function asksFor(line: string): boolean {
  return new RegExp(`^\\s*${key}\\s*=\\s*1\\s*$`).test(line)
}

function endOfLines(text: string): string {
  return lines(text)[0]?.endsWith('\r\n') ? '\r\n' : '\n'
}

/** The last value that a board with the fuse gets to see, and the number of its line, from 1. */
function valueInForce(text: string): { readonly value: string; readonly line: number } | undefined {
  const filters = new ConfigFilters(boardWithFuse)
  let found: { value: string; line: number } | undefined
  lines(text).forEach((raw, index) => {
    const line = raw.trim()
    if (filters.take(line) || !filters.hold) return
    const value = new RegExp(`^${key}=(.*)$`).exec(line)?.[1]
    if (value !== undefined) found = { value: value.trim(), line: index + 1 }
  })
  return found
}
