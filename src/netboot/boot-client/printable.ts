/**
 * Text that was served to us, fit for file names and for the terminal: tabs become blanks, whatever
 * else is not printable ASCII becomes `?`.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[^ -~]/g, '?')
}
