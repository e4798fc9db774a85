import { expect, test } from 'vitest'
import { loadFarm } from '../../src/farm/load.ts'

const head = `nas: { address: 10.77.0.1, interface: eth0 }
network: { subnet: 10.77.0.0/24, addresses: 10.77.0.50-10.77.0.99 }
`

function problems(text: string): string {
  try {
    loadFarm(`${head}${text}`, '/etc/pifarm/farm.yaml')
  } catch (error) {
    return error instanceof Error && error.name === 'UserError' ? error.message : `bug: ${error}`
  }
  return 'no problem'
}

test.each([
  ['nothing but the defaults', ''],
  ['a marked block in /etc/exports', 'paths: { exports: /etc/exports }'],
  ['a marked block in dhcpd.conf', 'paths: { dhcp: /etc/dhcp/dhcpd.conf }'],
  ['drop-ins side by side', 'paths: { exports: /etc/exports.d/a.exports, firewall: /etc/a.v4 }'],
  [
    'a whole farm below one directory',
    'paths: { roots: /s/roots, tftp: /s/tftp, state: /s/state }',
  ],
  ['names that only begin alike', 'paths: { roots: /srv/pi, tftp: /srv/pi-tftp }'],
  ['the queue in the state, as by default', 'controller: { enable: true }'],
  [
    'one PEM file with certificate and key',
    'controller: { enable: true, tls_cert: /etc/a.pem, tls_key: /etc/a.pem }',
  ],
  ['the watch folder in the media', 'controller: { enable: true, watch_folder: /srv/media/in }'],
  ['the media of a controller that is off', 'controller: { media: /srv/tftp }'],
])('%s is well', (_, text) => {
  expect(problems(text)).toBe('no problem')
})

test.each([
  ['paths: { roots: /srv/tftp }', '3:17  paths.roots: "/srv/tftp" is paths.tftp too'],
  ['paths: { roots: /srv/pi, tftp: /srv/pi }', '3:32  paths.tftp: "/srv/pi" is paths.roots too'],
  [
    'paths: { state: /srv/tftp/state }',
    '3:17  paths.state: "/srv/tftp/state" lies within paths.tftp (/srv/tftp), which is served to everybody',
  ],
  [
    'paths: { tftp: /var/lib/pifarm/tftp }',
    '3:16  paths.tftp: "/var/lib/pifarm/tftp" lies within paths.state (/var/lib/pifarm), which holds private keys and the journal',
  ],
  [
    'paths: { exports: /mnt/PiRoots/pifarm.exports }',
    '3:19  paths.exports: "/mnt/PiRoots/pifarm.exports" lies within paths.roots (/mnt/PiRoots), which belongs to the Pis',
  ],
  [
    'paths: { tftp: /srv, roots: /srv/roots }',
    '3:29  paths.roots: "/srv/roots" lies within paths.tftp (/srv), which is served to everybody',
  ],
  [
    'paths: { dhcp: /etc/pifarm/farm.yaml }',
    '3:16  paths.dhcp: "/etc/pifarm/farm.yaml" is this farm.yaml too',
  ],
  [
    'paths: { tftp: /etc/pifarm }',
    '3:16  paths.tftp: this farm.yaml (/etc/pifarm/farm.yaml) lies within "/etc/pifarm", which is served to everybody',
  ],
  [
    'paths: { firewall: /etc/dhcp/pifarm.conf }',
    '3:20  paths.firewall: "/etc/dhcp/pifarm.conf" is paths.dhcp too',
  ],
  [
    'paths: { nfs_conf: /etc/dhcp/dhcpd.conf/x.conf }',
    '3:20  paths.nfs_conf: "/etc/dhcp/dhcpd.conf/x.conf" lies within paths.dhcpd_conf (/etc/dhcp/dhcpd.conf), which is a file',
  ],
  [
    'services: { log: { file: /etc/exports } }',
    '3:26  services.log.file: "/etc/exports" is paths.etc_exports too',
  ],
  [
    'controller: { enable: true, database: /srv/media/queue.db }',
    '3:39  controller.database: "/srv/media/queue.db" lies within controller.media (/srv/media), which is written by the Pis',
  ],
])('%s is refused, with both names', (text, message) => {
  expect(problems(text)).toBe(`/etc/pifarm/farm.yaml:${message}`)
})

test('a directory above the defaults of several is named with each of them', () => {
  expect(problems('paths: { state: /var/lib }').split('\n')).toEqual([
    '/etc/pifarm/farm.yaml:3:17  paths.state: paths.nfs_state (/var/lib/nfs) lies within "/var/lib", which holds private keys and the journal',
  ])
})
