import fs from 'node:fs'

export interface Member {
  readonly name: string
  readonly kind: 'file' | 'dir' | 'link' | 'hard link' | 'long name'
  /** What a link leads to, what a file holds, or the name that GNU tar gives to the next member. */
  readonly text?: string
}

const typeOf = { file: '0', dir: '5', link: '2', 'hard link': '1', 'long name': 'L' } as const

/** Writes a tar with members of names that no honest tar packs: absolute, or leading out. */
export function writeTar(file: string, members: readonly Member[]): string {
  fs.writeFileSync(file, Buffer.concat([...members.map(pack), Buffer.alloc(1024)]))
  return file
}

function pack({ name, kind, text = '' }: Member): Buffer {
  const header = Buffer.alloc(512)
  const holdsText = kind === 'file' || kind === 'long name'
  const content = Buffer.from(holdsText ? text : '')
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(kind === 'dir' ? 0o755 : 0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(content.length, 12), 124)
  header.write(octal(1_700_000_000, 12), 136)
  header.write('        ', 148)
  header.write(typeOf[kind], 156)
  if (!holdsText) header.write(text, 157)
  header.write('ustar\x0000', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  )
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
