import type { Output } from '../../../src/host/host.ts'
import { output } from '../fake-nas.ts'

type TextOf = (path: string) => string | undefined

/** `dhcpd -t`: on stdout, unlike the real one, all that it read, its includes in their places. */
export function fakeDhcpd(textOf: TextOf, file: string): Output {
  try {
    return output(read(textOf, file))
  } catch (error) {
    return output(
      '',
      1,
      `Internet Systems Consortium DHCP Server\n${(error as Error).message}\n\nexiting.\n`,
    )
  }
}

function read(textOf: TextOf, file: string): string {
  const text = textOf(file)
  if (text === undefined) throw new Error(`Can't open ${file}: No such file or directory`)
  let depth = 0
  const lines = text.split('\n').map((line, index) => {
    const code = line.replace(/#.*/, '').trim()
    depth += code.split('{').length - code.split('}').length
    if (depth < 0 || !/(?:^|[;{}])$/.test(code))
      throw new Error(`${file} line ${index + 1}: semicolon expected.`)
    const included = /^include "(.*)";$/.exec(code)?.[1]
    return included === undefined ? line : read(textOf, included)
  })
  if (depth > 0) throw new Error(`${file} line ${lines.length}: unexpected end of file`)
  return lines.join('\n')
}
