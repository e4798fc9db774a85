import { describe, expect, test } from 'vitest'
import { agentSettings } from '../../../src/agent/settings/agent-settings.ts'
import { boardSerial } from '../../../src/agent/settings/board.ts'
import { bootOptions } from '../../../src/agent/settings/boot-options.ts'

describe('boot options', () => {
  test.each([
    ['none', 'console=tty1 root=/dev/nfs rw ip=dhcp', {}],
    [
      "the article's",
      'rw elevator=deadline rootwait muxid=1 muxhwdec=1',
      { muxid: '1', muxhwdec: '1' },
    ],
    ['the last wins', 'muxid=1 muxid=2\n', { muxid: '2' }],
    ['a quoted value', 'muxid="3" muxlabels="a,b"', { muxid: '3', muxlabels: 'a,b' }],
    ['a quoted word', '"muxid=4" rw', { muxid: '4' }],
    ['blanks in quotes', 'muxlabels="a, muxid=9" muxid=5', { muxlabels: 'a, muxid=9', muxid: '5' }],
    ['a quote that is not closed', 'muxid="6 rw', { muxid: '6 rw' }],
    ['a URL with = in it', 'muxcnc=http://nas/?a=b', { muxcnc: 'http://nas/?a=b' }],
    ['a name alone', 'muxhwdec muxid', {}],
    ['an empty value', 'muxid=', { muxid: '' }],
    ['after --, for init', 'muxid=1 -- muxid=2', { muxid: '1' }],
    ['other names', 'xmuxid=1 muxids=2 MUXID=3 mux.id=4', {}],
  ])('%s', (_, cmdline, wanted) => {
    expect(bootOptions(cmdline)).toEqual(wanted)
  })
})

const nothing = { cmdline: '', config: undefined, configPath: '/c.json', serial: undefined }

describe('settings', () => {
  test('all have a default', () => {
    expect(agentSettings({ ...nothing, serial: '3333347a' })).toEqual({
      muxid: '3333347a',
      controllers: undefined,
      caFile: undefined,
      labels: [],
      hardwareDecoding: false,
      mediaDir: '/home/pi/remote',
      mountCommand: ['mount', '/home/pi/remote'],
      originalsDir: 'originals',
      lockFile: '/home/pi/hlsmux.lock',
      stateDir: '/var/lib/hls-muxer',
      scratchDir: '/var/lib/hls-muxer/scratch',
      maxSide: undefined,
      stableSeconds: 5,
    })
  })

  test('boot options win over the configuration, and that over the serial', () => {
    const config = JSON.stringify({
      muxid: '7',
      controller: 'http://nas:8080',
      labels: ['slow'],
      hardwareDecoding: true,
    })
    const all = { ...nothing, config, serial: '3333347a' }
    expect(agentSettings(all)).toMatchObject({ muxid: '7', hardwareDecoding: true })
    const cmdline =
      'muxid=8 muxhwdec=0 muxcnc=https://other,http://third:8080 muxlabels=fast,,mpeg2'
    expect(agentSettings({ ...all, cmdline })).toMatchObject({
      muxid: '8',
      controllers: ['https://other', 'http://third:8080'],
      labels: ['fast', 'mpeg2'],
      hardwareDecoding: false,
    })
  })

  test('without a number and a serial there is no muxid: never one that two could share', () => {
    expect(agentSettings(nothing).muxid).toBeUndefined()
  })

  test.each([
    ['{', '/c.json is no JSON'],
    ['[]', '/c.json: the whole: '],
    ['{"mediadir":"/x"}', 'Unrecognized key: "mediadir"'],
    ['{"token":"secret"}', 'Unrecognized key: "token"'],
    ['{"mediaDir":"remote"}', 'mediaDir: a path is absolute'],
    ['{"controller":"ftp://nas"}', 'controller.0: a controller is http:// or https://'],
    ['{"originalsDir":"../originals"}', 'originalsDir lies below mediaDir'],
    ['{"labels":["a b"]}', 'labels.0: a label is'],
    ['{"muxid":1}', '/c.json: muxid: it is a text, in quotes: "1"'],
    ['{"labels":["a",2]}', '/c.json: labels.1: it is a text, in quotes: "2"'],
    ['{"controller":8080}', '/c.json: controller: it is a text, in quotes: "8080"'],
    ['{"muxid":null}', 'muxid: Invalid input: expected string'],
    ['{"mountCommand":"mount x"}', 'mountCommand: '],
  ])('%s is refused', (config, message) => {
    expect(() => agentSettings({ ...nothing, config })).toThrow(message)
  })

  test.each([
    ['muxid=a/../b', 'the boot option muxid= holds "a/../b"'],
    ['muxcnc=nas', 'the boot option muxcnc= holds "nas"'],
    ['muxcnc=http://nas,', 'the boot option muxcnc= holds "http://nas,"'],
    ['muxlabels=a,b;c', 'the boot option muxlabels= holds "b;c"'],
  ])('%s is refused', (cmdline, message) => {
    expect(() => agentSettings({ ...nothing, cmdline })).toThrow(message)
  })
})

test.each([
  ['100000003333347a\u0000', '', '3333347a'],
  ['', 'Hardware\t: BCM2835\nSerial\t\t: 00000000ABCDEF12\n', 'abcdef12'],
  ['0000000000000000\u0000', 'Serial\t\t: 0000000000000000\n', undefined],
  ['', 'model name\t: an Intel\n', undefined],
])('the serial of a board that says %j', (tree, cpuinfo, wanted) => {
  expect(boardSerial(tree, cpuinfo)).toBe(wanted)
})
