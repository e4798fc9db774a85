import type { Mac, Model, Serial } from '../farm/schema.ts'
import { netbootModels } from './models.ts'

/** The vendor digits of every board whose MAC is made from its serial (Pi 1 to 3). */
const derivedVendor = 'b8:27:eb:'

/** Of all boards so far. */
const vendors = [
  ...[derivedVendor, 'dc:a6:32:', 'e4:5f:01:', 'd8:3a:dd:', '2c:cf:67:', '88:a2:9e:', '28:cd:c1:'],
  '3a:35:41:',
]

/** Whether these are the vendor digits of Raspberry Pi. */
export function isRaspberryPi(mac: Mac): boolean {
  return vendors.some((vendor) => mac.startsWith(vendor))
}

/** The six digits that a Pi 1-3 has both in its MAC and at the end of its serial. */
function sharedDigits(mac: Mac): string {
  return mac.slice(9).replaceAll(':', '')
}

/** Whether the last six hex digits of MAC and serial are the same. */
export function agree(mac: Mac, serial: Serial): boolean {
  return serial.endsWith(sharedDigits(mac))
}

/** Whether a MAC with these vendor digits is made from its board's serial. */
export function isDerived(mac: Mac): boolean {
  return mac.startsWith(derivedVendor)
}

/**
 * Whether a person should be asked if this pair is right. Not an error: a Pi 3 may have a MAC of
 * its own burnt into it, or boot by a USB network adapter.
 */
export function isDoubtfulPair(model: Model, mac: Mac, serial: Serial): boolean {
  return netbootModels[model].macFollowsSerial && !agree(mac, serial)
}
