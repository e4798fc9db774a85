import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { addPi, first, startFarm } from './machines.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

/** The commands of `docs/resources/NAME.md` under "By hand": those that look, those that take out. */
function commands(name: string): readonly [look: string, takeOut: string] {
  const text = readFileSync(new URL(`../../docs/resources/${name}.md`, import.meta.url), 'utf8')
  const [, section = ''] = text.split('\n## By hand\n')
  const blocks = section.match(/(?:^ {4}.*\n)+/gm) ?? []
  const [look, takeOut] = blocks
  if (blocks.length !== 2 || !look || !takeOut) throw new Error(`${name}.md has no two blocks`)
  return [look, takeOut]
}

const sh = (script: string) => lab.must(['sh', '-euc', script])

/** What the commands show; the controller's need systemd, which the lab has not. */
const shown: readonly (readonly [string, RegExp])[] = [
  ['exports', /\/mnt\/PiRoots\/HLSPi1 +10\.77\.0\.50\(/],
  ['firewall', /^-A PIFARM-NFS -s 10\.77\.0\.50\/32 .*pifarm:HLSPi1/m],
  ['dhcp', /^host HLSPi1 \{[^}]*fixed-address 10\.77\.0\.50;/m],
  ['nfs-ports', /33049 +mountd/],
  ['tftp', /start\.elf\n(?:.*\n)*.*nfsroot=10\.77\.0\.1:\/mnt\/PiRoots\/HLSPi1/],
  ['rootfs', /^HLSPi1\n256 SHA256:/],
]

test.each(shown)('the commands that look at %s show the Pi', async (name, wanted) => {
  expect(await sh(commands(name)[0])).toMatch(wanted)
})

test('the commands that take it out work, and apply brings all of it back', async () => {
  for (const [name] of shown) await sh(commands(name)[1])
  expect(await sh('iptables-save')).not.toContain('PIFARM')
  expect(await sh('exportfs -s')).not.toContain('HLSPi1')
  expect((await lab.pifarm(['apply', '--yes'])).code).toBe(0)
  for (const [name, wanted] of shown) expect(await sh(commands(name)[0])).toMatch(wanted)
})
