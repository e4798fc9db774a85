import { expect, test } from 'vitest'
import { serial } from '../../../src/farm/schema.ts'
import { readConfigTxt } from '../../../src/netboot/boot-client/config-txt.ts'
import {
  deviceTree,
  initramfsFiles,
  kernelFiles,
  startFiles,
} from '../../../src/netboot/boot-client/firmware-files.ts'

function read(text: string, model: '3b' | '3b+' = '3b') {
  return readConfigTxt(Buffer.from(text), { model, serial: serial.parse('3333347a') })
}

test.each([
  ['a plain setting', 'gpu_mem=192', '192'],
  ['the last one holds', 'gpu_mem=64\ngpu_mem=192', '192'],
  ['comments and blanks', '# gpu_mem=64\r\n\r\n  gpu_mem=192 \r\n', '192'],
  ['another model', 'gpu_mem=192\n[pi4]\ngpu_mem=76', '192'],
  ['this model', '[pi3]\ngpu_mem=192', '192'],
  ['only the plus', 'gpu_mem=64\n[pi3+]\ngpu_mem=192', '64'],
  ['this serial', '[0x3333347a]\ngpu_mem=192', '192'],
  ['another serial', 'gpu_mem=64\n[0x3333347b]\ngpu_mem=192', '64'],
  ['[all] ends every filter', '[pi4]\n[0x1]\n[all]\ngpu_mem=192', '192'],
  ['[none]', 'gpu_mem=64\n[none]\ngpu_mem=192', '64'],
  ['of one kind the later filter holds', '[pi4]\n[pi3]\ngpu_mem=192', '192'],
  ['two kinds must both hold', 'gpu_mem=64\n[pi4]\n[0x3333347a]\ngpu_mem=192', '64'],
  ['a monitor that is not there', 'gpu_mem=64\n[EDID=VSC-TD2220]\ngpu_mem=192', '64'],
  ['[ALL] ends them too', '[pi4]\n[ALL]\ngpu_mem=192', '192'],
  ['a filter in capitals', 'gpu_mem=64\n[PI4]\ngpu_mem=192', '64'],
  ['a filter that no firmware knows changes nothing', 'gpu_mem=64\n[pi9]\ngpu_mem=192', '192'],
  ['nor does it end one that does not hold', 'gpu_mem=64\n[pi4]\n[x]\ngpu_mem=192', '64'],
  ['this type of board', 'gpu_mem=64\n[board-type=0x8]\ngpu_mem=192', '192'],
  ['another type of board', 'gpu_mem=64\n[board-type=0x11]\ngpu_mem=192', '64'],
  ['which monitor port', '[HDMI:1]\ngpu_mem=192', '192'],
  ['text behind 4096 bytes is not read', `gpu_mem=64\n${'#'.repeat(4096)}\ngpu_mem=192`, '64'],
])('config.txt: %s', (_, text, expected) => {
  expect(read(text).settings.get('gpu_mem')).toBe(expected)
})

test('a 3B+ heeds both [pi3] and [pi3+]', () => {
  const config = read('[pi3]\na=1\n[pi3+]\nb=2', '3b+')

  expect(Object.fromEntries(config.settings)).toEqual({ a: '1', b: '2' })
})

test('a line is cut at 98 characters', () => {
  expect(read(`a=${'x'.repeat(200)}`).settings.get('a')).toHaveLength(96)
})

test('overlays and the initramfs are found, filters heeded', () => {
  const config = read(
    'initramfs initrd.img followkernel\ndtoverlay=vc4-kms-v3d,noaudio\ndtoverlay=\n[pi4]\ndtoverlay=x\ninitramfs y',
  )

  expect(config.overlays).toEqual(['vc4-kms-v3d'])
  expect(config.initramfs).toBe('initrd.img')
})

test.each([
  ['', { start: 'start.elf', fixup: 'fixup.dat' }],
  ['gpu_mem=192', { start: 'start.elf', fixup: 'fixup.dat' }],
  ['start_x=1', { start: 'start_x.elf', fixup: 'fixup_x.dat' }],
  ['start_x=1\ngpu_mem=16', { start: 'start_cd.elf', fixup: 'fixup_cd.dat' }],
  ['gpu_mem=16\ngpu_mem_1024=64', { start: 'start.elf', fixup: 'fixup.dat' }],
  ['start_file=my.elf\nfixup_file=my.dat', { start: 'my.elf', fixup: 'my.dat' }],
])('the firmware that %j chooses', (text, expected) => {
  expect(startFiles(read(text), '3b')).toEqual(expected)
})

test.each([
  ['', ['kernel8-32.img', 'kernel7.img', 'kernel.img', 'kernel8.img']],
  ['arm_64bit=1', ['kernel8.img', 'kernel8-32.img', 'kernel7.img', 'kernel.img']],
  ['arm_64bit=0', ['kernel8-32.img', 'kernel7.img', 'kernel.img']],
  ['kernel=vmlinuz', ['vmlinuz']],
])('the kernels that %j lets it try', (text, expected) => {
  expect(kernelFiles(read(text), '3b')).toEqual(expected)
})

test.each([
  ['', 'kernel8.img', []],
  ['auto_initramfs=1', 'kernel8.img', ['initramfs8']],
  ['auto_initramfs=1', 'kernel7.img', ['initramfs7']],
  ['auto_initramfs=1', 'vmlinuz', []],
  ['auto_initramfs=1\ninitramfs mine followkernel', 'kernel8.img', ['mine']],
  ['ramfsfile=mine', 'kernel8.img', ['mine']],
  ['initramfs root.gz,modules.gz followkernel', 'kernel8.img', ['root.gz', 'modules.gz']],
])('the initramfs by %j for %s', (text, kernel, expected) => {
  expect(initramfsFiles(read(text), kernel)).toEqual(expected)
})

test('each board has its own device tree', () => {
  expect(deviceTree(read(''), '3b')).toBe('bcm2710-rpi-3-b.dtb')
  expect(deviceTree(read(''), '3b+')).toBe('bcm2710-rpi-3-b-plus.dtb')
  expect(deviceTree(read('device_tree=x.dtb'), '3b')).toBe('x.dtb')
})

test('a file that includes itself many times is not followed for ever', () => {
  const bomb = Buffer.from('include bomb.txt\n'.repeat(200))
  const board = { model: '3b', serial: serial.parse('3333347a') } as const

  const { includes } = readConfigTxt(bomb, board, new Map([['bomb.txt', bomb]]))

  expect(includes.length).toBeLessThan(100)
})
