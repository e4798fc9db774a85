import { expect, test } from 'vitest'
import { bootOrderIn, bootsFromNetwork, withNetworkBoot } from '../../src/sd-card/boot-order.ts'

test.each([
  ['0xf41', '0xf241'],
  ['0xf461', '0xf2461'],
  ['0x1', '0xf21'],
  ['0xe41', '0xe241'],
  ['0xF1', '0xf21'],
  // What stands behind the restart is never come to.
  ['0x2f1', '0xf21'],
  ['0x2e41', '0xe241'],
])('%s becomes %s: the network comes last, the end stays', (before, after) => {
  const settings = `[all]\nBOOT_UART=0\nBOOT_ORDER=${before}\nPOWER_OFF_ON_HALT=0\n`
  expect(withNetworkBoot(settings, '0xf41')).toBe(settings.replace(before, after))
})

test('settings without an order get the standard one with the network', () => {
  expect(withNetworkBoot('[all]\nBOOT_UART=0\n', '0xf461')).toBe(
    '[all]\nBOOT_UART=0\n[all]\nBOOT_ORDER=0xf2461\n',
  )
})

test('an order with the network in it is left alone', () => {
  expect(bootsFromNetwork('0xf21')).toBe(true)
  expect(bootsFromNetwork('0xf41')).toBe(false)
  expect(bootsFromNetwork('0x2f1')).toBe(false)
  expect(bootsFromNetwork('0x2')).toBe(true)
})

test('the last line counts', () => {
  expect(bootOrderIn('BOOT_ORDER=0x1\n[all]\nBOOT_ORDER=0xf21\n')).toBe('0xf21')
})

test.each([
  ['for some boards only', '[0x12345678]\nBOOT_ORDER=0xf21\n', /under \[0x12345678\]/],
  ['that is no number', 'BOOT_ORDER=net\n', /BOOT_ORDER=net/],
  ['without room', 'BOOT_ORDER=0xf1345671\n', /no room/],
])('an order %s is refused', (_what, settings, message) => {
  expect(() => withNetworkBoot(settings, '0xf41')).toThrow(message)
})
