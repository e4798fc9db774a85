import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refuseMisplaced } from '../../src/commands/misplaced-paths.ts'
import { readFarmText } from '../../src/farm/farm-text.ts'
import { farmFrom } from '../../src/farm/load.ts'
import { localReader } from '../../src/host/local.ts'

let top = ''

beforeAll(() => {
  top = fs.mkdtempSync('/tmp/pifarm-paths-')
  for (const dir of ['dir', 'etc', 'exports.d']) fs.mkdirSync(`${top}/${dir}`)
  for (const file of ['file', 'etc/dhcpd.conf']) fs.writeFileSync(`${top}/${file}`, '')
  fs.symlinkSync('/nowhere', `${top}/dangling`)
  fs.symlinkSync('dir', `${top}/linked`)
  execFileSync('mkfifo', [`${top}/pipe`])
})

afterAll(() => fs.rmSync(top, { recursive: true }))

/** What is said of one setting, the rest of the farm below `top` too. */
async function told(key: string, path: string): Promise<string> {
  const paths: Record<string, string> = {
    ...Object.fromEntries(
      ['roots', 'tftp', 'state', 'nfs_state', 'exports_dir'].map((name) => [name, `/new/${name}`]),
    ),
    ...Object.fromEntries(
      ['exports', 'etc_exports', 'dhcp', 'dhcpd_conf', 'firewall', 'nfs_conf', 'tftpd_default'].map(
        (name) => [name, `/etc/${name}`],
      ),
    ),
    [key]: path,
  }
  const lines = Object.entries(paths).map(([name, value]) => `  ${name}: ${top}${value}`)
  const text = `nas: { address: 10.77.0.1, interface: eth0 }
network: { subnet: 10.77.0.0/24, addresses: 10.77.0.50-10.77.0.99 }
paths:
${lines.join('\n')}
`
  const source = readFarmText(text, 'farm.yaml')
  const said = await refuseMisplaced(localReader(), source, farmFrom(source).paths).catch(
    (error: Error) => error.message,
  )
  const line = text.split('\n').findIndex((one) => one.startsWith(`  ${key}:`)) + 1
  return (said ?? 'nothing').replaceAll(top, '').replace(`farm.yaml:${line}:`, 'at its line:')
}

test.each([
  ['tftp', '/file', 'is a file, and no directory'],
  ['tftp', '/file/tftp', 'lies below /file, which is a file, and no directory'],
  ['roots', '/pipe', 'is a file, and no directory'],
  ['state', '/dangling', 'is a link to "/nowhere", where no directory is'],
  ['exports_dir', '/file', 'is a file, and no directory'],
  ['nfs_state', '/file', 'is a file, and no directory'],
  ['exports', '/dir', 'is a directory, and no file'],
  ['etc_exports', '/dir', 'is a directory, and no file'],
  ['dhcp', '/file/x.conf', 'lies below /file, which is a file, and no directory'],
  ['dhcpd_conf', '/dir', 'is a directory, and no file'],
  ['firewall', '/pipe', 'is a pipe, a socket or a device, and no file'],
  [
    'nfs_conf',
    '/dangling/x',
    'lies below /dangling, which is a link to "/nowhere", where no directory is',
  ],
  ['tftpd_default', '/dir', 'is a directory, and no file'],
])('paths.%s %s %s', async (key, path, problem) => {
  const said = (await told(key, path)).replace(/^at its line:\d+ {2}/, '')
  expect(said).toBe(`paths.${key}: "${path}" ${problem}`)
})

test.each([
  ['tftp', '/dir/not/yet/there'],
  ['tftp', '/linked'],
  ['tftp', '/linked/below'],
  ['dhcpd_conf', '/etc/dhcpd.conf'],
  ['firewall', '/not/yet/there'],
])('paths.%s %s may be', async (key, path) => {
  expect(await told(key, path)).toBe('nothing')
})
