import type { Report } from '../ui/ui.ts'
import type { Tree } from './tree.ts'

/** What a person wants of a template beside its source. */
export interface TemplateWishes {
  readonly name: string
  /** OpenSSH public keys, one line each, for the login user and root. */
  readonly sshKeys: readonly string[]
  /** The login user; the article's is pi. */
  readonly user: string
  /** crypt(3) hash, e.g. `$6$...`; undefined: no password login. */
  readonly passwordHash: string | undefined
  readonly packages: readonly string[]
  /** `host:/path` of the media share. */
  readonly media: string | undefined
  /** URL of the controller. */
  readonly controller: string | undefined
  /** Addresses of name servers for resolv.conf. */
  readonly dns: readonly string[]
  /** The NAS: time server of last resort. */
  readonly nas: string
}

/** One rule about netbootable roots: the same code judges (lint) and mends (build, `lint --fix`). */
export interface Step {
  /** kebab-case, stable: shown, documented, and the id of its lint rule. */
  readonly id: string
  readonly title: string
  /** Why a root without it does not netboot well: one sentence for `template lint`. */
  readonly why: string
  /** How it is mended: what `--fix` does, or what a person does where it cannot. One sentence. */
  readonly cure: string
  /** A Pi's own root is right to have what a template must not, e.g. ssh host keys. */
  readonly templateOnly?: true
  /** What is wrong now, one line each with the path in it; empty: nothing. Only looks. */
  inspect(tree: Tree, wishes: TemplateWishes): Promise<readonly string[]>
  /**
   * Mends it; idempotent. Answers what it changed, one line each, for the report and the manifest.
   * `report` is told how far it is where that takes long.
   */
  mend(tree: Tree, wishes: TemplateWishes, report?: Report): Promise<readonly string[]>
  /** What a person should know that is neither wrong nor to be mended, one line each. Only looks. */
  notes?(tree: Tree, wishes: TemplateWishes): Promise<readonly string[]>
}
