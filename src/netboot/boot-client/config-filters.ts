/** What a board answers to the `[filters]` of config.txt. */
export interface FilteredBoard {
  /** Its model filters, e.g. `pi3` and `pi3+`. */
  readonly models: readonly string[]
  /** The type field of its revision code. */
  readonly boardType: number
  /** Undefined: of no serial in particular. */
  readonly serial: number | undefined
}

const modelFilter = /^(?:pi(?:0|0w|02|1|2|3|3\+|4|400|5|500)|cm[01345]s?)$/
/** What depends on the surroundings: nothing is plugged in, and none of them holds. */
const outside = /^(?:none|tryboot|edid=.*|gpio\d+=[01]|(?:boot_)?partition=\d+)$/

/**
 * The filters that are in force at a line of config.txt: those of one kind replace each other, those of
 * different kinds must all hold, `[all]` ends them. Their case is taken not to matter: a config.txt in use,
 * by its looks piCore's, has `[PI3]` and `[ALL]`, and the documentation contradicts itself. One that the
 * firmware does not know changes nothing (firmware#1839).
 */
export class ConfigFilters {
  readonly #board: FilteredBoard
  readonly #inForce = new Map<string, boolean>()

  constructor(board: FilteredBoard) {
    this.#board = board
  }

  /** Heeds a line; false where it is no filter. */
  take(line: string): boolean {
    const name = /^\[(.*)\]$/.exec(line)?.[1]?.toLowerCase()
    if (name === undefined) return false
    if (name === 'all') this.#inForce.clear()
    else this.#set(name)
    return true
  }

  /** Whether what stands here is meant for the board. */
  get hold(): boolean {
    return ![...this.#inForce.values()].includes(false)
  }

  #set(name: string): void {
    const { models, boardType, serial } = this.#board
    if (modelFilter.test(name)) this.#inForce.set('model', models.includes(name))
    else if (/^0x[0-9a-f]{1,8}$/.test(name)) this.#inForce.set('serial', Number(name) === serial)
    else if (/^board-type=(?:0x)?[0-9a-f]+$/.test(name))
      this.#inForce.set('board-type', Number(name.slice('board-type='.length)) === boardType)
    else if (outside.test(name)) this.#inForce.set(name.split('=')[0] ?? name, false)
  }
}
