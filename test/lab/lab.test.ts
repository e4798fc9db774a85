import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { addPi, first, startFarm } from './machines.ts'

/** What a farm is made of, as it is on the machine that runs the tests. */
const outside = [
  ...['/etc/dhcp', '/etc/exports', '/etc/exports.d', '/etc/iptables', '/etc/pifarm'],
  ...['/etc/nfs.conf.d', '/etc/modprobe.d', '/mnt/PiRoots', '/srv/tftp', '/var/lib/pifarm'],
  ...['/var/lib/nfs', '/run/netns', '/run/dhcpd.pid', '/run/lab'],
]

/** Each path below, with the time of its last change. */
function listing(path: string): string[] {
  if (!existsSync(path)) return [`${path}: absent`]
  const stat = statSync(path)
  const below = stat.isDirectory() ? readdirSync(path) : []
  return [`${path}: ${stat.mtimeMs}`, ...below.flatMap((name) => listing(`${path}/${name}`))]
}

test('a lab touches nothing of the machine, and two at a time do not touch each other', async () => {
  const before = outside.flatMap(listing)
  const labs = await Promise.all([startFarm(), startFarm()])
  try {
    await Promise.all(labs.map((lab) => addPi(lab, first)))
    const boots = await Promise.all(labs.map((lab) => lab.boot(first)))
    expect(boots.map(({ stopped }) => stopped)).toEqual([undefined, undefined])
    const [one, two] = labs
    await one.pifarm(['remove-pi', first.name, '--purge', '--yes'])
    expect(await one.read('/etc/dhcp/pifarm.conf')).not.toContain(first.name)
    expect(await two.read('/etc/dhcp/pifarm.conf')).toContain(first.name)
  } finally {
    await Promise.all(labs.map((lab) => lab.stop()))
  }
  expect(outside.flatMap(listing)).toEqual(before)
})

test('a lab ends with the process that started it, even when that is killed', async () => {
  const lab = fileURLToPath(new URL('lab.ts', import.meta.url))
  const script = `const { startLab } = await import(${JSON.stringify(lab)})
    process.stdout.write((await startLab([])).root + '\\n')`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [root] = (await once(owner.stdout, 'data')) as [Buffer]
  const pid = /\d+/.exec(String(root))?.[0] ?? ''
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('nas.sh')
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await expect.poll(() => existsSync(`/proc/${pid}/ns`), { timeout: 5000 }).toBe(false)
})
