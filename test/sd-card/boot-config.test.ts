import { createTwoFilesPatch } from 'diff'
import { describe, expect, test } from 'vitest'
import { asksForFuse, withFuseLine, withoutFuseLine } from '../../src/sd-card/boot-config.ts'
import { releaseConfigs } from '../support/release-configs.ts'

const forms: Readonly<Record<string, string>> = {
  ...releaseConfigs,
  empty: '',
  'with CRLF': '# Windows\r\ngpu_mem=16\r\n[pi4]\r\nx=1\r\n',
  'without a newline at the end': 'gpu_mem=16\n[pi4]\narm_boost=1',
  'one line without a newline': 'gpu_mem=16',
  'ending inside a filter': 'gpu_mem=16\n[pi5]\nx=1\n',
  'ending under [none]': '[none]\nx=1\n',
  'with a byte order mark': '\ufeff# Notepad\ngpu_mem=16\n',
  'with the line for another board': '[pi4]\nprogram_usb_boot_timeout=1\n',
}

describe.each(Object.entries(forms))('a config.txt %s', (_name, text) => {
  test('asks for the fuse after the edit, and not before', () => {
    expect(asksForFuse(text)).toBe(false)
    expect(asksForFuse(withFuseLine(text))).toBe(true)
  })

  test('differs by one line', () => {
    const patch = createTwoFilesPatch('a', 'b', text, withFuseLine(text)).split('\n').slice(4)
    expect(patch.filter((line) => /^[+-]/.test(line)).map((line) => line.trim())).toEqual([
      '+program_usb_boot_mode=1',
    ])
  })

  test('is not changed a second time', () => {
    expect(withFuseLine(withFuseLine(text))).toBe(withFuseLine(text))
  })

  test('comes back to the byte', () => {
    expect(withoutFuseLine(withFuseLine(text))).toBe(text)
  })
})

test('no config.txt at all becomes none again, and not an empty one', () => {
  expect(asksForFuse(withFuseLine(undefined))).toBe(true)
  expect(withoutFuseLine(withFuseLine(undefined))).toBeUndefined()
})

test('the end of the new line is that of the file', () => {
  expect(withFuseLine('a=1\r\n')).toBe('program_usb_boot_mode=1\r\na=1\r\n')
})

test.each([
  ['by hand at the end', 'gpu_mem=16\nprogram_usb_boot_mode=1', true],
  ['under [pi3]', '[pi3]\nprogram_usb_boot_mode=1\n', true],
  ['after [all]', '[pi4]\nx=1\n[all]\nprogram_usb_boot_mode=1\n', true],
  ['after [ALL]', '[pi4]\n[ALL]\nprogram_usb_boot_mode=1\n', true],
  ['under a filter that no firmware knows', '[mine]\nprogram_usb_boot_mode=1\n', true],
  ['under [board-type=0x8]', '[board-type=0x8]\nprogram_usb_boot_mode=1\n', true],
  ['under [pi4]', '[pi4]\nprogram_usb_boot_mode=1\n', false],
  ['under [none]', '[none]\nprogram_usb_boot_mode=1\n', false],
  ['for one serial', '[0x3333347a]\nprogram_usb_boot_mode=1\n', false],
  [
    'under two filters of which one does not hold',
    '[gpio4=1]\n[pi3]\nprogram_usb_boot_mode=1\n',
    false,
  ],
  ['as a comment', '#program_usb_boot_mode=1\n', false],
  ['under the name of the article', 'program_boot_mode=1\n', false],
  ['and taken back further down', 'program_usb_boot_mode=1\nprogram_usb_boot_mode=0\n', false],
])('the line %s', (_where, text, asks) => {
  expect(asksForFuse(text)).toBe(asks)
})

test('a line where the firmware does not act on it gets one where it does', () => {
  const text = '[pi4]\nprogram_usb_boot_mode=1\n'
  expect(withFuseLine(text)).toBe(`program_usb_boot_mode=1\n${text}`)
})

test('--remove takes out every line that a person put in, and no comment', () => {
  expect(
    withoutFuseLine(
      '#program_usb_boot_mode=1\na=1\n program_usb_boot_mode = 1\n[pi3]\nprogram_usb_boot_mode=1',
    ),
  ).toBe('#program_usb_boot_mode=1\na=1\n[pi3]\n')
})

test.each([
  ['a line for another board', '[pi4]\nprogram_usb_boot_mode=1\n'],
  ['a line where no firmware acts on it', '[none]\nprogram_usb_boot_mode=1\n[all]\n'],
])('%s is a person’s own, and outlives --remove', (_what, text) => {
  expect(withoutFuseLine(withFuseLine(text))).toBe(text)
})

test('a line that says the opposite is not taken out', () => {
  expect(withoutFuseLine('program_usb_boot_mode=0\n')).toBe('program_usb_boot_mode=0\n')
})

test.each([
  ['a line that says the opposite', 'a=1\nprogram_usb_boot_mode=0\n', /line 2 sets/],
  ['UTF-16', 'a\0=\x001\0', /not plain text/],
])('%s is refused', (_what, text, message) => {
  expect(() => withFuseLine(text)).toThrow(message)
})
