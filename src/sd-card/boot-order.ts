import { quoted, UserError } from '../errors.ts'

const network = '2'

/** The boot order in force in an EEPROM's settings, as written there; undefined: the bootloader's default. */
export function bootOrderIn(settings: string): string | undefined {
  return orderLines(settings).at(-1)?.order
}

/**
 * Whether a boot order such as `0xf21` comes to the network: it reads right to left, and what stands
 * behind its first ending is never tried.
 */
export function bootsFromNetwork(order: string): boolean {
  return waysOf(order).includes(network)
}

/**
 * The settings with the network added to the boot order as the last way before it ends or starts
 * again: what the Pi boots from now still comes first. `standard` is the order of a Pi whose settings have none.
 */
export function withNetworkBoot(settings: string, standard: string): string {
  const found = orderLines(settings).at(-1)
  const order = withNetwork(found?.order ?? standard)
  if (found === undefined) {
    const start = settings.replace(/\n*$/, '')
    return `${start}${start === '' ? '' : '\n'}[all]\nBOOT_ORDER=${order}\n`
  }
  const lines = settings.split('\n')
  lines[found.index] = `BOOT_ORDER=${order}`
  return lines.join('\n')
}

function withNetwork(order: string): string {
  if (bootsFromNetwork(order)) return order
  const ways = waysOf(order)
  const end = digits(order).at(-ways.length - 1) ?? 'f'
  if (ways.length > 6)
    throw new UserError(`the boot order ${order} has no room for the network`, {
      hint: 'take a way out of it on the Pi: sudo -E rpi-eeprom-config --edit',
    })
  return `0x${end}${network}${ways}`
}

/** The ways that are tried, as they are written: the first one last. */
function waysOf(order: string): string {
  return /[^ef]*$/.exec(digits(order))?.[0] ?? ''
}

function digits(order: string): string {
  return order.toLowerCase().replace(/^0x/, '')
}

/** The lines that set it for every board. Throws a `UserError` where one is there for some boards only. */
function orderLines(settings: string) {
  let section = 'all'
  return settings.split('\n').flatMap((raw, index) => {
    const line = raw.trim()
    section = /^\[(.*)\]$/.exec(line)?.[1]?.toLowerCase() ?? section
    const order = /^BOOT_ORDER=(.*)$/.exec(line)?.[1]?.trim()
    if (order === undefined) return []
    if (section !== 'all' || !/^0x[0-9a-fA-F]{1,8}$/.test(order))
      throw new UserError(`the EEPROM's settings have ${quoted(line)} under [${section}]`, {
        hint: 'that is for a person to change: sudo -E rpi-eeprom-config --edit',
      })
    return [{ order, index }]
  })
}
