import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { debian, type Lab, type Output, pifarmArgv } from './lab.ts'
import { addPi, first, startFarm, stranger } from './machines.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

const dir = `/srv/tftp/${first.serial}`
const shared = '/srv/tftp/templates/template'
const root = `/mnt/PiRoots/${first.name}`
const host = '/etc/dhcp/pifarm.conf'
/** Writes as much of one as its header: ELF, x86-64. */
const programForPc = "printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\76\\0'"
/** Where the Pi is, in its place. */
const playing = pifarmArgv(['simulate-boot', first.name, '--interface', 'eth0'])

async function simulate(): Promise<Output> {
  return await lab.pifarm(['simulate-boot', first.name])
}

function sh(script: string): Promise<string> {
  return lab.must(['sh', '-c', script])
}

const restartDhcpd = () => lab.must([lab.service('isc-dhcp-server'), 'restart'])

test('a Pi that would boot: the whole timeline, exit 0', async () => {
  const { code, stdout, stderr } = await simulate()

  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/rom +DHCPDISCOVER \(1 of 3\) {2}-> {2}OFFER of 10\.77\.0\.50/)
  expect(stdout).toMatch(/start +3333347a\/kernel8\.img {2}-> {2}1500000 bytes/)
  expect(stdout).toContain('ok: /mnt/PiRoots/HLSPi1 is exported to 10.77.0.50')
  expect(stdout).toContain('ok: /mnt/PiRoots/HLSPi1 has the modules of 6.6.31-v8+')
  expect(stdout).not.toContain('skipped')
  expect(stdout).toMatch(/^boots kernel8\.img 6\.6\.31-v8\+ with: .*nfsroot=10\.77\.0\.1:/m)
})

describe('each fault is found, and it is where a Pi would stop first', () => {
  let mend: (() => Promise<unknown>) | undefined
  afterEach(async () => {
    await mend?.()
    mend = undefined
  })

  /** Keeps a path as it is, for the time of a test. */
  async function keep(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await sh(`rm -rf ${path}.kept; cp -a ${path} ${path}.kept`)
    mend = async () => {
      for (const path of paths) await sh(`rm -rf ${path}; mv ${path}.kept ${path}`)
    }
  }

  test.each<[string, readonly string[], () => Promise<unknown>, RegExp]>([
    [
      'missing start.elf',
      [`${dir}/start.elf`],
      () => sh(`rm ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf did not come/m,
    ],
    [
      'a dangling link',
      [`${dir}/start.elf`],
      () => sh(`ln -sfn ../templates/gone/start.elf ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf: it is a link to \S+, where nothing is/m,
    ],
    [
      'an absolute link',
      [`${dir}/start.elf`],
      () => sh(`ln -sfn ${shared}/start.elf ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf is an absolute link to \S+, which leads nowhere/m,
    ],
    [
      'a file of mode 0600',
      [`${shared}/start.elf`],
      () => sh(`chmod 0600 ${shared}/start.elf`),
      /^stops \(tftp\): .*has mode 0600: the TFTP server cannot read it\n {2}cure: chmod a\+r/m,
    ],
    [
      'a truncated kernel',
      [`${shared}/kernel8.img`],
      () => sh(`truncate -s 700000 ${shared}/kernel8.img`),
      /^stops \(kernel\): kernel8\.img is truncated: 700000 of the 1500000 bytes/m,
    ],
    [
      'a missing device tree',
      [`${shared}/bcm2710-rpi-3-b.dtb`],
      () => sh(`rm ${shared}/bcm2710-rpi-3-b.dtb`),
      /^stops \((?:tftp|kernel)\): .*bcm2710-rpi-3-b\.dtb/m,
    ],
    [
      'an nfsroot that is not exported',
      [`${dir}/cmdline.txt`],
      () => sh(`sed -i s,PiRoots/HLSPi1,PiRoots/template, ${dir}/cmdline.txt`),
      /^stops \(mount\): \/mnt\/PiRoots\/template is not exported to anybody\n {2}cure: cmdline\.txt names 10\.77\.0\.1:\/mnt\/PiRoots\/template, and the farm has .*pifarm plan .*pifarm apply/m,
    ],
    [
      'a cmdline.txt for a card',
      [`${dir}/cmdline.txt`],
      () => sh(`echo root=/dev/mmcblk0p2 rootwait >${dir}/cmdline.txt`),
      /^stops \(kernel\): cmdline\.txt has no root=\/dev\/nfs.*\n {2}cure: pifarm plan .*pifarm apply/m,
    ],
    [
      'an initramfs of any name that is missing',
      [`${dir}/config.txt`],
      () => sh(`echo 'initramfs early.cpio followkernel' >>${dir}/config.txt`),
      /^stops \(kernel\): config\.txt wants an initramfs, and 3333347a\/early\.cpio did not come/m,
    ],
    [
      'a truncated initramfs',
      [`${dir}/config.txt`, `${root}/boot`],
      () =>
        sh(
          `echo 'initramfs early.cpio followkernel' >>${dir}/config.txt; mkdir -p ${root}/boot/firmware
           seq 9999 >${root}/boot/firmware/early.cpio; seq 999 >${dir}/early.cpio`,
        ),
      /^stops \(kernel\): early\.cpio is truncated: 3888 of the 48888 bytes/m,
    ],
    [
      'a kernel that cannot mount NFS, and no initramfs',
      [`${shared}/kernel8.img`],
      () => sh(`sed -i s/Root-NFS/No---NFS/ ${shared}/kernel8.img`),
      /^stops \(kernel\): config\.txt names no initramfs, and kernel8\.img cannot mount NFS without one/m,
    ],
    [
      'an init for a PC',
      [`${root}/usr/sbin/init`],
      () => sh(`${programForPc} >${root}/usr/sbin/init`),
      /^stops \(root\): \/sbin\/init in \/mnt\/PiRoots\/HLSPi1 is a program for amd64, which no Raspberry Pi runs/m,
    ],
    [
      'no init',
      [`${root}/usr/sbin/init`],
      () => sh(`rm ${root}/usr/sbin/init`),
      /^stops \(root\): \/mnt\/PiRoots\/HLSPi1 has no \/sbin\/init/m,
    ],
    [
      'modules of another kernel',
      [`${root}/usr/lib/modules`],
      () => sh(`mv ${root}/usr/lib/modules/6.6.31-v8+ ${root}/usr/lib/modules/6.1.21-v8+`),
      /^stops \(root\): .*has no \/lib\/modules\/6\.6\.31-v8\+/m,
    ],
  ])('%s', async (_, paths, plant, said) => {
    await keep(...paths)
    await plant()
    const { code, stdout } = await simulate()
    expect(stdout).toMatch(said)
    expect(code).toBe(3)
  })

  test.each([
    [
      'no option 43',
      `sed -i '/vendor-encapsulated-options/d' ${host}`,
      /^stops \(dhcp\): .*option 43/m,
    ],
    [
      'a wrong option 66',
      `sed -i 's/tftp-server-name "[^"]*"/tftp-server-name "nas.lab"/; /vendor-encapsulated-options/d' ${host}`,
      /^stops \(dhcp\): .*option 66 is "nas\.lab", not an address/m,
    ],
    [
      'an option 66 that names another server',
      `sed -i 's/tftp-server-name "[^"]*"/tftp-server-name "10.77.0.9"/' ${host}`,
      /^stops \((?:dhcp|tftp)\): .*(?:10\.77\.0\.9|bootcode\.bin did not come)/m,
    ],
  ])('%s', async (_, plant, said) => {
    await keep(host)
    await sh(plant)
    await restartDhcpd()
    const { code, stdout } = await simulate()
    await mend?.()
    mend = undefined
    await restartDhcpd()
    expect(stdout).toMatch(said)
    expect(code).toBe(3)
  })

  test('an export for another address', async () => {
    const file = '/etc/exports.d/pifarm.exports'
    await keep(file)
    await sh(`sed -i s/10.77.0.50/10.77.0.51/ ${file}; exportfs -ra`)
    const { code, stdout } = await simulate()
    await mend?.()
    mend = undefined
    await sh('exportfs -ra')
    expect(stdout).toMatch(
      /^stops \(mount\): \/mnt\/PiRoots\/HLSPi1 is exported to 10\.77\.0\.51, and this Pi has 10\.77\.0\.50/m,
    )
    expect(code).toBe(3)
  })

  test('the mountd port closed by the firewall', async () => {
    const rule = 'INPUT -p tcp -m tcp --dport 33049 -j DROP'
    await sh(`iptables -I ${rule}`)
    const { code, stdout } = await simulate()
    await sh(`iptables -D ${rule}`)
    expect(stdout).toMatch(
      /^stops \(mount\): the firewall keeps 10\.77\.0\.50 from mountd \(tcp port 33049\): .*DROP/m,
    )
    expect(code).toBe(3)
  })
})

describe('the TFTP port', () => {
  const silent = /^stops \(tftp\): /m

  test('closed by the firewall', async () => {
    const rule = 'INPUT -p udp -m udp --dport 69 -j DROP'
    await sh(`iptables -I ${rule}`)
    const { code, stdout } = await simulate()
    await sh(`iptables -D ${rule}`)
    expect(stdout).toMatch(
      /^stops \(tftp\): the firewall keeps 10\.77\.0\.50 from the TFTP server \(udp port 69\): .*DROP/m,
    )
    expect(code).toBe(3)
  })

  test('where nobody listens', async () => {
    await sh('kill $(pidof in.tftpd); while pidof in.tftpd; do sleep 0.02; done')
    const { code, stdout } = await simulate()
    await sh(
      `. /etc/default/tftpd-hpa; ${debian}/usr/sbin/in.tftpd --listen --user "$TFTP_USERNAME" \
         --address "$TFTP_ADDRESS" $TFTP_OPTIONS "$TFTP_DIRECTORY"`,
    )
    expect(stdout).toMatch(
      /^stops \(tftp\): nothing listens on UDP port 69.*\n {2}cure: systemctl restart tftpd-hpa/m,
    )
    expect(code).toBe(3)
  })

  test('closed, seen from another machine', async () => {
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
    const rule = 'INPUT -p udp -m udp --dport 69 -j DROP'
    await sh(`iptables -I ${rule}`)
    const { code, stdout } = await lab.at(first.name, playing)
    await sh(`iptables -D ${rule}`)
    expect(stdout).toMatch(silent)
    expect(stdout).toMatch(/10\.77\.0\.1 does not answer on UDP port 69\n {2}cure: .*tftpd-hpa/)
    expect(code).toBe(3)
  })
})

test.each([
  ['a DISCOVER', '--sport 67', /^stops \(dhcp\): rom: the DISCOVER could not be sent \(EPERM\)/m],
  ['a request for a file', '--dport 69', /^stops \(tftp\): .*nothing could be sent .*\(EPERM\)/m],
])('%s that the machine’s own firewall does not let out', async (_, match, said) => {
  await sh(`iptables -I OUTPUT -p udp ${match} -j DROP`)
  const { code, stdout, stderr } = await simulate()
  await sh(`iptables -D OUTPUT -p udp ${match} -j DROP`)
  expect(stdout).toMatch(said)
  expect(stdout).toMatch(/^ {2}cure: a firewall of this machine forbids it/m)
  expect([code, stderr]).toEqual([3, ''])
})

test('a table of nftables beside iptables that keeps the Pis from the NFS server', async () => {
  await lab.must(
    ['nft', '-f', '-'],
    `table inet own { chain in { type filter hook input priority 10; policy drop;
       ct state established,related accept
       iifname lo accept
       tcp dport { 22, 111, 33049 } accept
       udp dport { 67, 69 } accept; }; }`,
  )
  const { code, stdout } = await simulate()
  await lab.must(['nft', 'delete', 'table', 'inet', 'own'])
  expect(stdout).toMatch(
    /^stops \(mount\): the firewall keeps 10\.77\.0\.50 from the NFS server \(tcp port 2049\): the policy drop of nft inet own in/m,
  )
  expect(code).toBe(3)
})

test('a Pi that is sent to another server for its root: not proven, and no word that it boots', async () => {
  const file = `${dir}/cmdline.txt`
  await sh(`cp ${file} /run/lab/kept.cmdline; sed -i s/10.77.0.1:/10.77.0.9:/ ${file}`)
  const { code, stdout } = await simulate()
  await sh(`cp /run/lab/kept.cmdline ${file}`)
  expect(stdout).toMatch(/^not proven \(mount\): the root on 10\.77\.0\.9 was not looked at/m)
  expect(stdout).toMatch(/^ {2}cure: cmdline\.txt names 10\.77\.0\.9:.*pifarm plan/m)
  expect(stdout).not.toMatch(/^boots/m)
  expect(code).toBe(3)
})

test('a serial alone is enough for a Pi of the farm, and a farm that is not there is said', async () => {
  const bySerial = await lab.pifarm(['simulate-boot', '--serial', first.serial])
  expect(bySerial.code).toBe(0)
  const nowhere = await lab.pifarm(['--config', '/none.yaml', 'simulate-boot', first.name])
  expect(nowhere.code).toBe(2)
  expect(nowhere.stderr).toContain('there is no farm at /none.yaml')
})

test('one cure of several faults is written once', async () => {
  const file = `${dir}/cmdline.txt`
  await sh(`cp ${file} /run/lab/kept.cmdline; echo >${file}`)
  const { stdout } = await simulate()
  await sh(`cp /run/lab/kept.cmdline ${file}`)
  expect(stdout).toMatch(/^stops \(kernel\): .*no root=\/dev\/nfs: its first line is empty$/m)
  expect(stdout).toMatch(/^also \(mount\): .*\n {2}cure: the same$/m)
})

test('a kernel that nobody can read is told, though the next one boots', async () => {
  await sh(`chmod 600 ${shared}/kernel8.img`)
  const { stdout } = await simulate()
  await sh(`chmod 644 ${shared}/kernel8.img`)
  expect(stdout).toMatch(/^warning: .*kernel8\.img has mode 0600: .*cannot read it; chmod a\+r/m)
})

test('a second DHCP server that answers too', async () => {
  await lab.at(stranger.name, ['ip', 'addr', 'add', '10.77.0.150/24', 'dev', 'eth0'])
  const second = lab.at(stranger.name, [
    ...['dnsmasq', '--keep-in-foreground', '--port=0', '--conf-file=/dev/null', '--user=root'],
    ...['--dhcp-range=10.77.0.230,10.77.0.240,255.255.255.0', '--pid-file=/run/lab/second.pid'],
    ...['--dhcp-authoritative', '--dhcp-leasefile=/run/lab/second.leases', '--no-ping'],
  ])
  await sh('until [ -s /run/lab/second.pid ]; do sleep 0.02; done')
  const { code, stdout } = await simulate()
  await sh('kill $(cat /run/lab/second.pid)')
  await second
  expect(stdout).toMatch(/^stops \(dhcp\): a second DHCP server answers: 10\.77\.0\.150/m)
  expect(code).toBe(3)
})

test('a board that no farm knows stops where its directory is missing', async () => {
  const board = ['--mac', stranger.mac, '--serial', stranger.serial]
  const { code, stdout } = await lab.pifarm(['simulate-boot', ...board])
  expect(stdout).toMatch(
    /^stops \((?:dhcp|tftp)\): .*\n {2}cure: it is not in the farm: pifarm add-pi --mac b8:27:eb:99:99:99 --serial 77999999$/m,
  )
  expect(code).toBe(3)
})

test('a Pi 4 is granted its address by dhcpd, in four steps', async () => {
  const before = await lab.read('/var/log/syslog')
  const { stdout } = await lab.pifarm(['simulate-boot', first.name, '--model', '4'])
  expect(stdout).toMatch(
    /eeprom +DHCPREQUEST for 10\.77\.0\.50 {2}-> {2}ACK of 10\.77\.0\.50 from 10\.77\.0\.1/,
  )
  const log = (await lab.read('/var/log/syslog')).slice(before.length)
  expect(log).toContain(`DHCPACK on 10.77.0.50 to ${first.mac}`)
})

test('Ctrl-C ends it while nobody answers: exit 130', async () => {
  const board = ['--mac', stranger.mac, '--serial', stranger.serial]
  const run = lab.start(['simulate-boot', ...board])
  await run.said('DHCPDISCOVER (1 of 3)')
  await run.interrupt()
  const { code, stdout, stderr } = await run.ended
  expect([code, stderr]).toEqual([130, 'interrupted\n'])
  expect(stdout).not.toContain('DHCPDISCOVER (2')
})

describe('in the Pi’s place, over the wire', () => {
  const inPlace = () => lab.at(first.name, playing)

  /** The interface's addresses and the routes that lead out of it. */
  async function borrowed(): Promise<string> {
    const shown = [
      await lab.at(first.name, ['ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0']),
      await lab.at(first.name, [
        'ip',
        'route',
        'show',
        'table',
        'all',
        'dev',
        'eth0',
        'type',
        'unicast',
      ]),
    ]
    return shown.map(({ stdout }) => stdout).join('')
  }

  /** Ends a run by a signal while it has the Pi's address, and waits for a file that does not come. */
  async function endInTheMiddle(signal: 'INT' | 'TERM' | 'KILL'): Promise<Output> {
    const rule = 'INPUT -p udp -m udp --dport 69 -j DROP'
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
    await sh(`iptables -I ${rule}`)
    const pidFile = '/run/lab/in-place.pid'
    const ended = lab.at(first.name, [
      'sh',
      '-c',
      `echo $$ >${pidFile}; exec "$@"`,
      'sh',
      ...playing,
    ])
    while (!(await borrowed()).includes('10.77.0.50')) {
      /* asks again */
    }
    await sh(`kill -${signal} $(cat ${pidFile})`)
    const output = await ended
    await sh(`iptables -D ${rule}`)
    return output
  }

  test.each(['INT', 'TERM'] as const)('SIG%s: exit 130, and all is given back', async (signal) => {
    const { code, stderr } = await endInTheMiddle(signal)
    expect([code, stderr]).toEqual([130, 'interrupted\n'])
    expect(await borrowed()).toBe('')
  })

  test('kill -9: the kernel takes the address away by itself, or the next run does', async () => {
    await endInTheMiddle('KILL')
    expect(await borrowed()).toMatch(/10\.77\.0\.50\/24 .*valid_lft (?:30|[12]?\d)sec/)
    const { stdout, stderr } = await inPlace()
    expect(stderr).toBe('')
    expect(stdout).toMatch(/start +3333347a\/kernel8\.img {2}-> {2}1500000 bytes/)
    expect(await borrowed()).toBe('')
  })

  test('an interface that is off', async () => {
    await lab.at(first.name, ['ip', 'link', 'set', 'eth0', 'down'])
    const { code, stderr } = await inPlace()
    await lab.at(first.name, ['ip', 'link', 'set', 'eth0', 'up'])
    expect(stderr).toContain('ip link set eth0 up')
    expect(code).toBe(2)
  })

  test('two at once: one plays, the other is told, exit 6', async () => {
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
    const both = await Promise.all([inPlace(), inPlace()])

    const refused = both.find(({ code }) => code === 6)
    expect(refused?.stderr).toContain('another run plays a Pi on this machine')
    const played = both.find((one) => one !== refused)
    expect(played?.stdout).toMatch(/start +3333347a\/kernel8\.img {2}-> {2}1500000 bytes/)
    expect(await borrowed()).toBe('')
  })

  test('an address that is the machine’s own is not borrowed, nor taken away', async () => {
    const own = ['addr', 'add', '10.77.0.50/24', 'dev', 'eth0']
    await lab.at(first.name, ['ip', ...own])
    const { code, stderr } = await inPlace()
    expect(stderr).toContain("10.77.0.50 is this machine's own address, on eth0")
    expect(code).toBe(2)
    expect(await borrowed()).toContain('10.77.0.50')
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
  })

  test('without root: what was not asked as the Pi is not proven, and no firewall is blamed', async () => {
    await lab.at(first.name, ['ip', 'addr', 'add', '10.77.0.60/24', 'dev', 'eth0'])
    await lab.at(first.name, ['sysctl', '-q', '-w', 'net.ipv4.ip_unprivileged_port_start=1024'])
    const { code, stdout } = await lab.at(first.name, [
      ...[
        'setpriv',
        '--bounding-set',
        '-net_bind_service',
        '--inh-caps',
        '-net_bind_service',
        '--',
      ],
      ...playing,
    ])
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
    expect(stdout).toMatch(/^not proven either \(dhcp\): .*no right to speak it here \(EACCES\)/m)
    expect(stdout).toMatch(
      /^not proven \(mount\): .*only root can ask as 10\.77\.0\.50\n {2}cure: run it as root/m,
    )
    expect(stdout).not.toContain('firewall')
    expect(code).toBe(3)
  })

  test('its request for the root is one that mountd authenticates, and nothing is left behind', async () => {
    await lab.at(first.name, ['ip', 'addr', 'flush', 'dev', 'eth0'])
    const before = await lab.read('/var/log/syslog')
    const { stdout } = await inPlace()
    const log = (await lab.read('/var/log/syslog')).slice(before.length)
    // Without NFS in this kernel mountd has no handle to hand out, and refuses after all.
    expect(log).toContain('authenticated mount request from 10.77.0.50:')
    expect(stdout).not.toMatch(/^skipped: (?!the files on the disk)/m)
    const left = await lab.at(first.name, ['ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'])
    expect(left.stdout).toBe('')
  })

  test('a root exported to another address is refused', async () => {
    const file = '/etc/exports.d/pifarm.exports'
    await sh(
      `cp ${file} /run/lab/kept.exports; sed -i s/10.77.0.50/10.77.0.51/ ${file}; exportfs -ra`,
    )
    const before = await lab.read('/var/log/syslog')
    const { code, stdout } = await inPlace()
    const log = (await lab.read('/var/log/syslog')).slice(before.length)
    expect(log).not.toContain('authenticated mount request')
    await sh(`cp /run/lab/kept.exports ${file}; exportfs -ra`)
    expect(stdout).toMatch(
      /^stops \(mount\): 10\.77\.0\.1 refuses 10\.77\.0\.50 .*not exported to/m,
    )
    expect(code).toBe(3)
  })

  test('mountd behind a closed port', async () => {
    const rule = 'INPUT -p tcp -m tcp --dport 33049 -j REJECT'
    await sh(`iptables -I ${rule}`)
    const { code, stdout } = await inPlace()
    await sh(`iptables -D ${rule}`)
    expect(stdout).toMatch(/^stops \(mount\): mountd \(10\.77\.0\.1 tcp port 33049\) does not let/m)
    expect(code).toBe(3)
  })
})

test('without the right to speak DHCP the rest is looked at, and that is said', async () => {
  await sh('sysctl -q -w net.ipv4.ip_unprivileged_port_start=1024')
  const { code, stdout } = await lab.nas([
    ...['setpriv', '--bounding-set', '-net_bind_service', '--inh-caps', '-net_bind_service', '--'],
    ...pifarmArgv(['simulate-boot', first.name]),
  ])
  expect(stdout).toMatch(/DHCPDISCOVER .* -> {2}not asked; the farm has 10\.77\.0\.50, files from/)
  expect(stdout).toContain('has the modules of 6.6.31-v8+')
  expect(stdout).toMatch(
    /^not proven \(dhcp\): DHCP was not asked: no right .*\n {2}cure: run it as root$/m,
  )
  expect(code).toBe(3)
})

describe('in the Pi’s place, beside a server that really hands out files', () => {
  beforeAll(() => lab.must([lab.service('nfs-ganesha'), `${debian}/ganesha`, root, '10.77.0.50']))

  const inPlace = () => lab.at(first.name, playing)

  test('init and modules are found over NFS: exit 0', async () => {
    const { code, stdout } = await inPlace()
    expect(stdout).toContain(`ok: 10.77.0.1 grants 10.77.0.50 ${root}`)
    expect(stdout).toContain(`ok: ${root} has an init`)
    expect(stdout).toContain(`ok: ${root} has the modules of 6.6.31-v8+`)
    expect(stdout).not.toMatch(/^skipped: (?!the files on the disk)/m)
    expect(code).toBe(0)
  })

  test('an init for a PC is known by its first bytes', async () => {
    const init = `${root}/usr/sbin/init`
    await sh(`cp -a ${init} ${root}/kept; ${programForPc} >${init}`)
    const { code, stdout } = await inPlace()
    await sh(`mv ${root}/kept ${init}`)
    expect(stdout).toMatch(/^stops \(root\): \/sbin\/init in \S+ is a program for amd64,/m)
    expect(code).toBe(3)
  })

  test.each([
    ['no init', 'usr/sbin/init', /^stops \(root\): \S+ has no \/sbin\/init/m],
    [
      'modules of another kernel',
      'usr/lib/modules',
      /^stops \(root\): \S+ has no \/lib\/modules\/6/m,
    ],
  ])('%s', async (_, path, said) => {
    await sh(`mv ${root}/${path} ${root}/kept`)
    const { code, stdout } = await inPlace()
    await sh(`mv ${root}/kept ${root}/${path}`)
    expect(stdout).toMatch(said)
    expect(code).toBe(3)
  })
})
