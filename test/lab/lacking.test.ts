import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, type Output, pifarmArgv } from './lab.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

/**
 * Takes a program from whatever runs in this mount namespace: over the directories of programs lie
 * others, of links to everything else that is in them.
 */
const without = `
program=$1; shift
for dir in sbin bin; do
  rm -rf /run/lab/few-$dir; mkdir -p /run/lab/few-$dir /run/lab/all-$dir
  mount --bind /usr/$dir /run/lab/all-$dir
  ln -s /run/lab/all-$dir/* /run/lab/few-$dir/
  rm -f "/run/lab/few-$dir/$program"
done
mount --bind /run/lab/few-sbin /usr/sbin
mount --bind /run/lab/few-bin /usr/bin
exec "$@"`

async function pifarmWithout(program: string, args: readonly string[]): Promise<Output> {
  const argv = ['unshare', '--mount', 'sh', '-euc', without, 'sh', program, ...pifarmArgv(args)]
  return await lab.nas(argv)
}

const packages = {
  dhcpd: 'isc-dhcp-server',
  exportfs: 'nfs-kernel-server',
  rpcinfo: 'rpcbind',
  'iptables-save': 'iptables',
  'iptables-restore': 'iptables',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  flock: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  mktemp: 'coreutils',
  cp: 'coreutils',
  du: 'coreutils',
  sync: 'coreutils',
  rm: 'coreutils',
  find: 'findutils',
}

test.each(Object.entries(packages))(
  'without %s pifarm says so, names the package %s, and changes nothing',
  async (program, name) => {
    const before = await nasState(lab, { times: true })

    const { code, stdout, stderr } = await pifarmWithout(program, addPiArgs(second))

    expect(stderr).toBe(`pifarm: ${program} is not installed\n  apt-get install ${name}\n`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
  },
)

test.each([
  ['plan'],
  ['apply'],
  ['undo'],
  ['remove-pi', first.name],
  ['set-pi', first.name, '--muxid', '9'],
])('so does %s', async (...args) => {
  const before = await nasState(lab, { times: true })
  const { code, stderr } = await pifarmWithout('iptables-restore', [...args, '--yes'])
  expect(stderr).toBe('pifarm: iptables-restore is not installed\n  apt-get install iptables\n')
  expect(code).toBe(2)
  expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
})

test('status says it of the part that needs the program, and shows the others', async () => {
  const { stdout } = await pifarmWithout('exportfs', ['status'])
  expect(stdout).toMatch(
    /^exports: exportfs is not installed \(apt-get install nfs-kernel-server\)$/m,
  )
  expect(stdout).not.toMatch(/^firewall:/m)
})

test('PATH as `su` and cron have it, without the directories of the daemons, is enough', async () => {
  const bare = ['env', 'PATH=/usr/bin:/bin', ...pifarmArgv(addPiArgs(second))]
  const { code, stderr } = await lab.nas(bare)
  expect(stderr).toMatch(/^HLSPi2 is in the farm/m)
  expect(code).toBe(0)
})
