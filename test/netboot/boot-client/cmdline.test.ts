import { expect, test } from 'vitest'
import { readCmdline } from '../../../src/netboot/boot-client/cmdline.ts'

test('a farm’s command line is read', () => {
  const cmdline = readCmdline(
    'console=serial0,115200 console=tty1 root=/dev/nfs nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp rw ip=dhcp rootwait muxid=1\n',
  )

  expect(cmdline.nfsroot).toEqual({
    server: '10.77.0.1',
    path: '/mnt/PiRoots/HLSPi1',
    options: 'vers=3,tcp',
  })
  expect(cmdline.values).toMatchObject({ console: 'tty1', ip: 'dhcp', muxid: '1' })
  expect(cmdline.text).not.toContain('\n')
})

test.each([
  ['nfsroot=/x', { server: undefined, path: '/x', options: '' }],
  ['nfsroot=10.77.0.1:/x', { server: '10.77.0.1', path: '/x', options: '' }],
  ['root=/dev/nfs', undefined],
  ['nfsroot=', undefined],
  ['quiet\nnfsroot=/x', undefined],
])('nfsroot of %j', (text, expected) => {
  expect(readCmdline(text).nfsroot).toEqual(expected)
})
