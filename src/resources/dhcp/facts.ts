import type { Farm } from '../../farm/farm.ts'
import { ipv4 } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import { readText } from '../../host/read-text.ts'
import { findBlock } from '../managed-block.ts'
import type { AddressesInUse } from '../resource.ts'
import {
  type DeclaredHost,
  type DeclaredSubnet,
  type DynamicRange,
  hostOf,
  rangeOf,
  subnetOf,
} from './declarations.ts'
import { parseDhcpd, type Statement, type Word } from './parse.ts'

/** What people have written into dhcpd.conf and its includes. Every `at` is `file:line`. */
export interface DhcpFacts {
  /** dhcpd.conf's own text; undefined where there is none. */
  readonly conf: string | undefined
  /** All that was read, dhcpd.conf first. */
  readonly files: readonly string[]
  readonly subnets: readonly DeclaredSubnet[]
  readonly ranges: readonly DynamicRange[]
  readonly hosts: readonly DeclaredHost[]
  /** The includes that lead to pifarm's own file, from dhcpd.conf down; undefined where none does. */
  readonly ownInclude: readonly Include[] | undefined
}

/** An include statement: in which file, and where in its text the quoted path stands. */
export interface Include {
  readonly file: string
  readonly text: string
  readonly from: number
  readonly to: number
}

interface Found {
  files: string[]
  subnets: DeclaredSubnet[]
  ranges: DynamicRange[]
  hosts: DeclaredHost[]
  ownInclude: readonly Include[] | undefined
}

/**
 * Reads dhcpd.conf and what it includes, without pifarm's own file and block. A missing file, or
 * something that dhcpd itself will refuse, is passed over.
 */
export async function readDhcpFacts(nas: Reader, farm: Farm): Promise<DhcpFacts> {
  const { dhcpd_conf } = farm.paths
  const conf = await readText(nas, dhcpd_conf)
  return { conf, ...(await collect(nas, farm, withoutOurBlock(conf ?? '', dhcpd_conf))) }
}

/** The way from this text of dhcpd.conf to pifarm's own file. */
export async function findOwnInclude(
  nas: Reader,
  farm: Farm,
  conf: string,
): Promise<readonly Include[] | undefined> {
  return (await collect(nas, farm, conf)).ownInclude
}

async function collect(nas: Reader, farm: Farm, conf: string): Promise<Found> {
  const found: Found = {
    files: [farm.paths.dhcpd_conf],
    subnets: [],
    ranges: [],
    hosts: [],
    ownInclude: undefined,
  }

  async function walk(
    statements: readonly Statement[],
    file: string,
    text: string,
    chain: readonly Include[],
  ): Promise<void> {
    for (const statement of statements) {
      const path = includedPath(statement)
      if (path === undefined) {
        note(statement, file, found)
        await walk(statement.body ?? [], file, text, chain)
        continue
      }
      const steps = [...chain, { file, text, from: path.from, to: path.to }]
      if (path.text === farm.paths.dhcp) found.ownInclude ??= steps
      // A file that includes itself makes dhcpd overflow its stack; here it is read once.
      if (path.text === farm.paths.dhcp || steps.some((step) => step.file === path.text)) continue
      const included = await readText(nas, path.text)
      if (included === undefined) continue
      found.files.push(path.text)
      await walk(parseDhcpd(included), path.text, included, steps)
    }
  }

  await walk(parseDhcpd(conf), farm.paths.dhcpd_conf, conf, [])
  return found
}

/** For allocation: the addresses that host blocks hold, and the dynamic range an address lies in. */
export function addressesInUse(facts: DhcpFacts): AddressesInUse {
  return {
    taken: new Set(facts.hosts.flatMap((host) => host.addresses)),
    inRange: (address) => {
      const parsed = ipv4.parse(address)
      return facts.ranges.find((range) => range.contains(parsed))?.text
    },
  }
}

/** Blanked rather than cut, so that lines and offsets stay those of the file. */
function withoutOurBlock(text: string, file: string): string {
  const block = findBlock(text, file)
  if (block === undefined) return text
  const blank = text.slice(block.from, block.to).replace(/[^\n]/g, ' ')
  return text.slice(0, block.from) + blank + text.slice(block.to)
}

function includedPath({ words }: Statement): Word | undefined {
  const [keyword, path, ...rest] = words
  const isInclude = keyword?.text.toLowerCase() === 'include' && rest.length === 0
  return isInclude && path?.quoted ? path : undefined
}

function note(statement: Statement, file: string, found: Found): void {
  const { words, body } = statement
  const [first, second] = words
  if (first === undefined) return
  const at = `${file}:${first.line}`
  const values = words.slice(1).map((word) => word.text)
  switch (first.text.toLowerCase()) {
    case 'subnet':
      found.subnets.push(...subnetOf(values, at))
      break
    case 'range':
      found.ranges.push(...rangeOf(values, at))
      break
    case 'host':
      if (second !== undefined && body !== undefined)
        found.hosts.push(hostOf(second.text, body, at))
  }
}
