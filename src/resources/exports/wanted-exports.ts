import { type Farm, rootOf } from '../../farm/farm.ts'
import { type EtabEntry, keyOf } from './etab.ts'

/** A Pi's root, exported to that Pi alone. */
export interface WantedExport {
  readonly path: string
  readonly client: string
}

/** The Pi's own root user must stay root: it is its root filesystem. */
export const exportOptions = ['rw', 'sync', 'no_subtree_check', 'no_root_squash'] as const

/** Pending Pis too: their root is there, and they may boot the moment their serial is known. */
export function wantedExports(farm: Farm): WantedExport[] {
  return farm.pis.map((pi) => ({ path: rootOf(farm, pi), client: pi.address }))
}

/** Those of the wanted exports that a table lacks or holds with other options. */
export function missingFrom(
  table: readonly EtabEntry[],
  wanted: readonly WantedExport[],
): WantedExport[] {
  const held = new Map(table.map((entry) => [keyOf(entry), entry.options]))
  return wanted.filter((one) => {
    const options = held.get(keyOf(one))
    return !exportOptions.every((option) => options?.has(option))
  })
}
