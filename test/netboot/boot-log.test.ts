import { expect, test } from 'vitest'
import { type BootEvent, parseLogLine } from '../../src/netboot/boot-log.ts'

const board = 'b8:27:eb:33:34:7a'

function tftp(fields: Partial<Extract<BootEvent, { kind: 'tftp' }>>) {
  return {
    kind: 'tftp',
    serial: '3333347a',
    mac: undefined,
    file: '3333347a/start.elf',
    client: '192.168.77.1',
    time: undefined,
    ...fields,
  }
}

function dhcp(message: string, address: string | undefined, mac = board) {
  return { kind: 'dhcp', message, address, mac, time: undefined }
}

function journal(program: string, body: unknown): string {
  return JSON.stringify({
    __REALTIME_TIMESTAMP: '1795342184109393',
    SYSLOG_IDENTIFIER: program,
    MESSAGE: body,
    _PID: '12547',
    PRIORITY: '5',
  })
}

const request = 'RRQ from 192.168.77.1 filename 3333347a/start.elf'
const stamped = Date.UTC(2026, 10, 22, 10, 5, 48)

test.each([
  ['classic', `Nov 22 10:05:48 vm in.tftpd[23069]: ${request}`, undefined],
  ['classic, day below ten', `Nov  2 10:05:48 vm in.tftpd[23069]: ${request}`, undefined],
  ['ISO', `2026-11-22T10:05:48.801112+00:00 vm in.tftpd[23069]: ${request}`, stamped + 801],
  ['journalctl -o short-iso', `2026-11-22T11:05:48+0100 vm in.tftpd[1]: ${request}`, stamped],
  [
    'RFC 5424',
    `<29>1 2026-11-22T10:05:48.801112+00:00 vm in.tftpd 23069 - - ${request}`,
    stamped + 801,
  ],
  ['RFC 5424, data', `<29>1 2026-11-22T10:05:48Z vm in.tftpd 1 - [a b="c"] ${request}`, stamped],
  ['as written to /dev/log', `<29>Nov 22 20:22:16 in.tftpd[10744]: ${request}`, undefined],
  ['no stamp', `in.tftpd[23069]: ${request}`, undefined],
  ['journal', journal('in.tftpd', request), 1795342184109],
  ['journal, bytes', journal('in.tftpd', [...Buffer.from(request)]), 1795342184109],
])('the front of a line is understood: %s', (_, line, time) => {
  expect(parseLogLine(line)).toEqual(tftp({ daemon: 'tftpd-hpa', time }))
})

const silent = { client: undefined }
const nested = '/srv/tftp/3333347a/start.elf'

test.each([
  ['in.tftpd[1]: RRQ from 192.168.77.1 filename 3333347a/start.elf', { daemon: 'tftpd-hpa' }],
  [
    'in.tftpd[1]: RRQ from 192.168.77.1 filename /3333347a/start.elf',
    { daemon: 'tftpd-hpa', file: '/3333347a/start.elf' },
  ],
  [
    'in.tftpd[1]: RRQ from 192.168.77.1 filename 3333347a/start.elf remapped to /x/start.elf',
    { daemon: 'tftpd-hpa' },
  ],
  [
    'in.tftpd[1]: RRQ from 192.168.77.1 filename bootcode.bin',
    { daemon: 'tftpd-hpa', serial: undefined, file: 'bootcode.bin' },
  ],
  ['tftpd[1887]: tftpd: trying to get file: 3333347a/start.elf', { daemon: 'netkit', ...silent }],
  [
    'Nov 22 10:05:48 vm tftpd[1887]: tftpd: trying to get file: 3333347a/start.elf',
    { daemon: 'netkit', ...silent },
  ],
  [
    '<29>Nov 22 10:05:48 tftpd[1887]: tftpd: trying to get file: 3333347a/start.elf',
    { daemon: 'netkit', ...silent },
  ],
  ['atftpd[14317]: Serving 3333347a/start.elf to 192.168.77.1:56830', { daemon: 'atftpd' }],
  [
    'Nov 29 15:23:22 vm atftpd[19829.139912879843008]: Serving 3333347a/start.elf to 192.168.77.1:53553',
    { daemon: 'atftpd' },
  ],
  [
    'dnsmasq-tftp[14680]: sent /srv/tftp/3333347a/start.elf to 192.168.77.1',
    { daemon: 'dnsmasq', file: nested },
  ],
  [
    'dnsmasq-tftp[14680]: failed sending /srv/tftp/3333347a/start.elf to 192.168.77.1',
    { daemon: 'dnsmasq', file: nested },
  ],
  [
    'dnsmasq-tftp[14680]: file /srv/tftp/3333347a/start.elf not found for 192.168.77.1',
    { daemon: 'dnsmasq', file: nested },
  ],
  [
    'dnsmasq-tftp[14680]: file /srv/tftp/3333347a/start.elf not found',
    { daemon: 'dnsmasq', file: nested, ...silent },
  ],
  [
    'dnsmasq-tftp[1]: Datei /srv/tftp/3333347a/start.elf nicht gefunden',
    { daemon: 'dnsmasq', file: nested, ...silent },
  ],
  [
    'dnsmasq-tftp[1]: cannot access /srv/tftp/3333347a/start.elf: Permission denied',
    { daemon: 'dnsmasq', file: nested, ...silent },
  ],
] as const)('a TFTP request is read: %s', (line, fields) => {
  expect(parseLogLine(line)).toEqual(tftp(fields))
})

test.each([
  ['start.elf', true],
  ['start4.elf', true],
  ['start_x.elf', true],
  ['start4cd.elf', true],
  ['config.txt', true],
  ['boot.img', true],
  ['boot.sig', true],
  ['autoboot.txt', true],
  ['recovery.elf', true],
  ['recover4.elf', true],
  ['kernel8.img', false],
  ['config.txt.bak', false],
  ['xstart.elf', false],
])('asking for <serial>/%s reveals the serial: %s', (file, reveals) => {
  const event = parseLogLine(`in.tftpd[1]: RRQ from 192.168.77.1 filename 0660cd37/${file}`)

  expect(event).toMatchObject({ serial: reveals ? '0660cd37' : undefined })
})

test.each([
  ['seven digits', '333347a/start.elf'],
  ['nine digits', '33333347a/start.elf'],
  ['sixteen digits', '000000003333347a/start.elf'],
  ['0x', '0x33334a/start.elf'],
  ['no hex', '3333347g/start.elf'],
  ['zero', '00000000/start.elf'],
  ['a directory above', 'x/3333347a/start.elf'],
  ['a MAC', 'dc-a6-32-01-36-c2/start4.elf'],
  ['no directory', 'start.elf'],
])('a name is no serial: %s', (_, file) => {
  const event = parseLogLine(`in.tftpd[1]: RRQ from 192.168.77.1 filename ${file}`)

  expect(event).toMatchObject({ kind: 'tftp', serial: undefined, file })
})

test.each([
  ['dhcpd[1]: DHCPDISCOVER from b8:27:eb:33:34:7a via veth0', dhcp('DISCOVER', undefined)],
  [
    'dhcpd[1]: DHCPDISCOVER from b8:27:eb:99:99:99 via veth0: network 192.168.77.0/24: no free leases',
    dhcp('DISCOVER', undefined, 'b8:27:eb:99:99:99'),
  ],
  [
    'dhcpd[1]: DHCPDISCOVER from b8:27:eb:99:99:99 via veth0: unknown client',
    dhcp('DISCOVER', undefined, 'b8:27:eb:99:99:99'),
  ],
  [
    'dhcpd[1]: DHCPOFFER on 192.168.77.51 to b8:27:eb:33:34:7a via veth0',
    dhcp('OFFER', '192.168.77.51'),
  ],
  [
    'dhcpd[1]: DHCPOFFER on 192.168.77.51 to b8:27:eb:33:34:7a (pi) via veth0',
    dhcp('OFFER', '192.168.77.51'),
  ],
  [
    'dhcpd[1]: DHCPREQUEST for 10.77.0.11 (10.77.0.1) from b8:27:eb:33:34:7a via vs',
    dhcp('REQUEST', '10.77.0.11'),
  ],
  [
    'dhcpd[1]: DHCPREQUEST for 10.77.0.11 from b8:27:eb:33:34:7a (HLSPi1) via vs',
    dhcp('REQUEST', '10.77.0.11'),
  ],
  ['dhcpd[1]: DHCPACK on 10.77.0.11 to b8:27:eb:33:34:7a via vs', dhcp('ACK', '10.77.0.11')],
  ['dnsmasq-dhcp[772]: DHCPDISCOVER(enp1s0) b8:27:eb:33:34:7a ', dhcp('DISCOVER', undefined)],
  [
    'dnsmasq-dhcp[772]: 653460281 DHCPDISCOVER(enp1s0) 10.77.0.9 b8:27:eb:33:34:7a',
    dhcp('DISCOVER', '10.77.0.9'),
  ],
  [
    'dnsmasq-dhcp[772]: DHCPOFFER(enp1s0) 10.77.0.11 b8:27:eb:33:34:7a ',
    dhcp('OFFER', '10.77.0.11'),
  ],
  [
    'dnsmasq-dhcp[772]: DHCPACK(enp1s0) 10.77.0.11 b8:27:eb:33:34:7a HLSPi1',
    dhcp('ACK', '10.77.0.11'),
  ],
])('a DHCP message is read: %s', (line, expected) => {
  expect(parseLogLine(line)).toEqual(expected)
})

test.each([
  ['in.tftpd[1]: sending NAK (1, File not found) to 192.168.77.1'],
  ['in.tftpd[1]: tftp: client does not accept options'],
  ['in.tftpd[1]: connect from 192.168.1.66 (192.168.1.66)'],
  ['in.tftpd[1]: WRQ from 10.77.0.11 filename 3333347a/start.elf'],
  ['tftpd[1]: tftpd: serving file from /srv/tftp'],
  ['atftpd[1]: File /srv/tftp/x not found'],
  ['dnsmasq-tftp[1]: error 0 Early terminate received from 192.168.77.1'],
  ['sshd[1]: RRQ from 192.168.77.1 filename 3333347a/start.elf'],
  ['dhcpd[1]: DHCPOFFER on 10.77.0.11 to zz:27:eb:33:34:7a via veth0'],
  ['RRQ from 192.168.77.1 filename 3333347a/start.elf'],
  ['{"MESSAGE":'],
  ['{"SYSLOG_IDENTIFIER":"in.tftpd","MESSAGE":null}'],
  ['{"SYSLOG_IDENTIFIER":"in.tftpd","MESSAGE":[300]}'],
  [''],
])('a line that is about no request says nothing: %s', (line) => {
  expect(parseLogLine(line)).toBeUndefined()
})

const forged = 'in.tftpd[2]: RRQ from 10.0.0.9 filename 3333347a/start.elf'

test.each([
  ['leaving the directory', '../3333347a/start.elf'],
  ['leaving it inside', '3333347a/../3333347a/start.elf'],
  ['a blank', '3333347a/start.elf x'],
  ['a control character', '3333347a/start.elf\u001b[2J'],
  ['a new line', `x\n${forged}`],
  ['a forged line', forged],
  ['a forged body', 'x RRQ from 10.0.0.9 filename 3333347a/start.elf'],
  ['text that turns around', '3333347a/\u202efle.trats'],
  ['4 KiB', `${'a/'.repeat(2048)}3333347a/start.elf`],
])('a hostile name gives no serial and is shown quoted: %s', (_, name) => {
  const lines = [
    `Nov 22 10:05:48 vm in.tftpd[1]: RRQ from 192.168.77.1 filename ${name}`,
    journal('in.tftpd', `RRQ from 192.168.77.1 filename ${name}`),
    journal('in.tftpd', [...Buffer.from(`RRQ from 192.168.77.1 filename ${name}`)]),
    `atftpd[1]: Serving ${name} to 192.168.77.1:1024`,
    `dnsmasq-tftp[1]: file /srv/tftp/${name} not found for 192.168.77.1`,
  ]

  for (const line of lines) {
    const event = parseLogLine(line)
    expect(event).toMatchObject({ kind: 'tftp', serial: undefined, client: '192.168.77.1' })
    const file = event?.kind === 'tftp' ? event.file : ''
    expect(file).toMatch(/^"[ -~]{1,79}"$/)
  }
})

test.each([
  ['atftpd[1]: Serving 3333347a/start.elf to 10.0.0.9:69 to 192.168.77.1:1024'],
  [
    'dnsmasq-tftp[1]: file /srv/tftp/3333347a/start.elf not found for 10.0.0.9 not found for 192.168.77.1',
  ],
])('the client is the one that the daemon names, not one inside a name: %s', (line) => {
  expect(parseLogLine(line)).toMatchObject({ serial: undefined, client: '192.168.77.1' })
})

test('a client host name cannot stand for a board', () => {
  const line =
    'dhcpd[1]: DHCPREQUEST for 10.77.0.12 from 02:00:00:00:00:01 (x from b8:27:eb:33:34:7a ) via vs'

  expect(parseLogLine(line)).toMatchObject({ mac: '02:00:00:00:00:01' })
})

test('a line of a megabyte is not looked at', () => {
  expect(parseLogLine(`in.tftpd[1]: RRQ from 10.0.0.9 filename ${'a'.repeat(1e6)}`)).toBeUndefined()
})

const pi4 = 'dc:a6:32:01:36:c2'

test.each([
  ['in.tftpd[1]: RRQ from 10.77.0.9 filename dc-a6-32-01-36-c2/start4.elf', pi4],
  ['atftpd[1]: Serving DC-A6-32-01-36-C2/config.txt to 10.77.0.9:5', pi4],
  ['dnsmasq-tftp[1]: file /srv/tftp/dc-a6-32-01-36-c2/start4.elf not found for 10.77.0.9', pi4],
  ['in.tftpd[1]: RRQ from 10.77.0.9 filename dc-a6-32-01-36-c2/../start4.elf', undefined],
  ['in.tftpd[1]: RRQ from 10.77.0.9 filename ff-ff-ff-ff-ff-ff/start4.elf', undefined],
  ['in.tftpd[1]: RRQ from 10.77.0.9 filename dc-a6-32-01-36/start4.elf', undefined],
])('a directory named after the MAC: %s', (line, mac) => {
  expect(parseLogLine(line)).toMatchObject({ mac, serial: undefined })
})

test.each([
  ['fr', 'fichier /srv/tftp/3333347a/start.elf non trouvé pour 192.168.77.1'],
  ['es', 'archivo /srv/tftp/3333347a/start.elf no encontrado para 192.168.77.1'],
  ['pl', 'plik /srv/tftp/3333347a/start.elf nie został odnaleziony dla 192.168.77.1'],
  ['it', 'inviato /srv/tftp/3333347a/start.elf a 192.168.77.1'],
])('dnsmasq translated: %s', (_, body) => {
  expect(parseLogLine(`dnsmasq-tftp[1]: ${body}`)).toMatchObject({
    serial: '3333347a',
    client: '192.168.77.1',
    daemon: 'dnsmasq',
  })
})

test.each([
  ['3333347a/start4.elf'],
  ['3333347a/config.txt'],
  ['3333347a/boot.img'],
  ['3333347a/boot.sig'],
  ['3333347a/recover4.elf'],
])('Pi 4, Pi 5 and signed boot: %s', (name) => {
  const line = `in.tftpd[1]: RRQ from 10.77.0.9 filename ${name}`
  expect(parseLogLine(line)).toMatchObject({ serial: '3333347a' })
})
