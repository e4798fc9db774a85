import type { Tree } from '../tree.ts'
import { linesAt } from './texts.ts'

export interface Setting {
  readonly value: string
  /** The file that had the last word. */
  readonly path: string
}

const places = ['/lib', '/usr/lib', '/etc']

/**
 * What a setting of an ini file comes to once all drop-ins are read, the way systemd does: the
 * main file, then `<file>.d/*.conf` of all places by name, one in /etc hiding its namesake in
 * /usr/lib; the last value wins. `file` is below /etc, e.g. `systemd/journald.conf`.
 */
export async function settingOf(
  tree: Tree,
  file: string,
  section: string,
  key: string,
): Promise<Setting | undefined> {
  const dropIns = new Map<string, string>()
  let main: string | undefined
  for (const place of places) {
    if ((await tree.read(`${place}/${file}`)) !== undefined) main = `${place}/${file}`
    for (const name of (await tree.list(`${place}/${file}.d`))?.keys() ?? [])
      if (name.endsWith('.conf')) dropIns.set(name, `${place}/${file}.d/${name}`)
  }
  const byName = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
  let setting: Setting | undefined
  for (const path of [...(main === undefined ? [] : [main]), ...byName]) {
    const value = lastValue(await linesAt(tree, path), section, key)
    if (value !== undefined) setting = { value, path }
  }
  return setting
}

function lastValue(lines: readonly string[], section: string, key: string): string | undefined {
  let here = false
  let value: string | undefined
  for (const line of lines) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line)
    if (header !== null) here = header[1] === section
    const [, name, text] = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (here && name === key) value = text
  }
  return value
}
