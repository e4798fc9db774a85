import { UserError } from '../../errors.ts'
import type { Pi } from '../../farm/farm.ts'
import type { FileEntry } from '../../host/host.ts'
import { render } from '../../render.ts'

/** A Pi that boots over the network reads no further: the rest is ignored without a word. */
const mostBytes = 4096

/** A template's config.txt, to which each Pi's own settings are added. */
export interface BaseConfig {
  readonly path: string
  readonly text: string
  readonly encoding: FileEntry['encoding']
  /** Settings in it that would win over a plain gpu_mem on boards of that memory size. */
  readonly overridden: readonly string[]
}

export function baseConfig(path: string, entry: FileEntry | undefined): BaseConfig {
  const text = entry?.text ?? ''
  const found = text.matchAll(/^[ \t]*(gpu_mem_(?:256|512|1024))[ \t]*=/gm)
  return {
    path,
    text: text === '' || text.endsWith('\n') ? text : `${text}\n`,
    encoding: entry?.encoding ?? 'utf8',
    overridden: [...new Set([...found].map((match) => match[1] ?? ''))].sort(),
  }
}

/** Most Pis of a farm have the same settings: rendered once for each base and set of them. */
const rendered = new WeakMap<BaseConfig, Map<string, string>>()

function ours({ gpu_mem, decode_mpg2, decode_wvc1 }: Pi, base: BaseConfig): string {
  const known = rendered.get(base) ?? new Map<string, string>()
  rendered.set(base, known)
  const key = `${gpu_mem} ${decode_mpg2} ${decode_wvc1}`
  const text =
    known.get(key) ??
    render('tftp/config.txt.hbs', {
      gpu_mem,
      overridden: base.overridden,
      decode_mpg2,
      decode_wvc1,
    })
  known.set(key, text)
  return text
}

/** The template's config.txt to the byte, then what farm.yaml says of this Pi. The last value wins. */
export function configOf(pi: Pi, base: BaseConfig): FileEntry {
  const text = base.text + ours(pi, base)
  const bytes = Buffer.byteLength(text, base.encoding)
  if (bytes > mostBytes)
    throw new UserError(
      `config.txt of ${pi.name} would be ${bytes} bytes, and a netbooting Pi reads ${mostBytes}`,
      { hint: `take comments out of ${base.path}` },
    )
  return { kind: 'file', text, encoding: base.encoding, mode: 0o644, uid: 0, gid: 0 }
}
