import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import { realFresh } from '../../src/host/fresh.ts'
import { localHost } from '../../src/host/local.ts'
import { carryOut } from '../../src/plan/carry-out.ts'
import { tftp } from '../../src/resources/tftp/tftp.ts'
import { debian } from '../lab/lab.ts'

/**
 * Starts the real daemon, as test/setup.js unpacked it, in namespaces that die with it, and fetches
 * $3... from it. The user is one that every machine has: the package, which makes its own, is not
 * installed.
 */
const fetchAll = `
ip address add 10.77.0.1/24 dev lo  # in.tftpd finds no address where there is only 127.0.0.1
ip link set lo up
"$1/usr/sbin/in.tftpd" --foreground --listen --secure --user nobody --address 10.77.0.1:69 "$2" &
daemon=$!
shift 2
for try in 1 2 3 4 5 6 7 8 9 10; do ss -lunH | grep -q ':69 ' && break; sleep 0.1; done
for name; do
  echo "== $name"
  curl -s -m 5 "tftp://10.77.0.1/$name" || echo "refused $?"
done
kill "$daemon"
`

let top: string
let served: ReadonlyMap<string, string>

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'pifarm-tftp-'))
  await chmod(top, 0o755)
  const boot = join(top, 'roots/template/boot/firmware')
  await mkdir(join(boot, 'overlays'), { recursive: true })
  for (const dir of ['etc', 'usr']) await mkdir(join(top, 'roots/template', dir))
  for (const name of ['bootcode.bin', 'start.elf', 'config.txt', 'overlays/overlay_map.dtb'])
    await writeFile(join(boot, name), `# the template's ${name}\n`)
  const farm = makeFarm(
    'farm.yaml',
    farmSchema.parse({
      nas: { address: '10.77.0.1', interface: 'eth0' },
      network: { subnet: '10.77.0.0/24', addresses: '10.77.0.50-10.77.0.99' },
      paths: { roots: join(top, 'roots'), tftp: join(top, 'tftp') },
      pis: [
        {
          name: 'HLSPi1',
          mac: 'b8:27:eb:33:34:7a',
          serial: '3333347a',
          address: '10.77.0.51',
          muxid: 1,
        },
      ],
    }),
  )
  const nas = localHost()
  const look = { farm, nas, owned: new Set<string>(), fresh: realFresh(), purge: false }
  const plan = await tftp.plan({ ...look, runId: '0001' })
  for (const change of plan.changes)
    await carryOut(change, nas, () => {}, new AbortController().signal)
  served = await fetch(
    join(top, 'tftp'),
    'bootcode.bin',
    '3333347a/start.elf',
    '3333347a/cmdline.txt',
    '3333347a/config.txt',
    '3333347a/overlays/overlay_map.dtb',
    'start.elf',
    'aaaaaaaa/start.elf',
  )
})
afterAll(async () => await rm(top, { recursive: true }))

async function fetch(dir: string, ...names: string[]): Promise<ReadonlyMap<string, string>> {
  const argv = ['--net', '--pid', '--fork', '--kill-child', 'sh', '-c', fetchAll, 'sh', debian, dir]
  const { stdout } = await promisify(execFile)('unshare', [...argv, ...names])
  const parts = stdout.split(/^== /m).slice(1)
  return new Map(parts.map((part) => [part.split('\n')[0] ?? '', part.replace(/^.*\n/, '')]))
}

describe('the real in.tftpd, in its chroot and as an ordinary user,', () => {
  test.each([
    ['bootcode.bin', "# the template's bootcode.bin\n"],
    ['3333347a/start.elf', "# the template's start.elf\n"],
    ['3333347a/overlays/overlay_map.dtb', "# the template's overlays/overlay_map.dtb\n"],
  ])('follows the links to %s', (name, text) => {
    expect(served.get(name)).toBe(text)
  })

  test('serves a Pi its own cmdline.txt and config.txt', () => {
    expect(served.get('3333347a/cmdline.txt')).toContain(
      `nfsroot=10.77.0.1:${top}/roots/HLSPi1,vers=3,tcp `,
    )
    expect(served.get('3333347a/config.txt')).toMatch(
      /^# the template's config.txt\n\n.*gpu_mem=192\n$/s,
    )
  })

  // 68: what curl makes of "File not found", not of silence.
  test.each(['start.elf', 'aaaaaaaa/start.elf'])('has no %s for a Pi nobody added', (name) => {
    expect(served.get(name)).toBe('refused 68\n')
  })
})
