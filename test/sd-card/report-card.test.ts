import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { localHost } from '../../src/host/local.ts'
import { putReporter, removeReporter } from '../../src/sd-card/report-card.ts'

const files = { unit: '[Unit]\n', script: '#!/bin/sh\n' }
let dir = ''
let root = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-report-test-'))
  root = join(dir, 'root')
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true })
})

afterEach(() => {
  rmSync(dir, { recursive: true })
})

test('what was put on a card is taken off again', async () => {
  await putReporter(localHost(), root, files)
  expect(readFileSync(join(root, 'usr/local/sbin/pifarm-report'), 'utf8')).toBe(files.script)
  expect(await removeReporter(localHost(), root)).toBe(true)
  expect(existsSync(join(root, 'usr/local/sbin/pifarm-report'))).toBe(false)
  expect(await removeReporter(localHost(), root)).toBe(false)
})

test('a link on the card leads to no file of this machine', async () => {
  const outside = join(dir, 'outside')
  mkdirSync(outside)
  mkdirSync(join(root, 'usr/local'), { recursive: true })
  symlinkSync(outside, join(root, 'usr/local/sbin'))
  writeFileSync(join(outside, 'pifarm-report'), 'mine')
  await expect(putReporter(localHost(), root, files)).rejects.toThrow('is a link')
  expect(await removeReporter(localHost(), root)).toBe(false)
  expect(readFileSync(join(outside, 'pifarm-report'), 'utf8')).toBe('mine')
})
