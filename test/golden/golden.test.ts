import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { type Farm, rootOf } from '../../src/farm/farm.ts'
import { loadFarm } from '../../src/farm/load.ts'
import type { Entry } from '../../src/host/host.ts'
import { judgeExports } from '../../src/resources/exports/judge.ts'
import { wantedExports } from '../../src/resources/exports/wanted-exports.ts'
import { tryExports } from '../../src/resources/try-exports.ts'
import { dir, file } from '../support/fake-nas.ts'
import { config, farmNas, templateFiles } from '../support/farm-nas.ts'

/**
 * Whole farms: `<farm>/farm.yaml` goes in, and every file that a fresh NAS gets comes out as a file in
 * `<farm>/nas`, with `<farm>/listing.txt` for modes and links. `npx vitest run test/golden -u` writes
 * them; the diff is then to be read.
 */
interface Golden {
  readonly name: string
  /** Beside or instead of what farmNas has. */
  readonly files: Readonly<Record<string, string | Entry>>
}

const farms: readonly Golden[] = [
  { name: 'one-pi', files: {} },
  {
    name: 'five-pis',
    files: templateFiles('/mnt/PiRoots/lite', '# lite\n[pi4]\ngpu_mem_1024=76'),
  },
  {
    name: 'marked-blocks',
    files: {
      ...templateFiles('/srv/nfs/pi_roots/bookworm_64'),
      '/srv': dir(),
      '/etc/dhcp/dhcpd.conf': file(
        '# by hand\nauthoritative;\n\ngroup {\n  host nas2 {\n    hardware ethernet 02:00:00:00:00:01;\n' +
          '    fixed-address 192.168.9.9;  # }\n  }\n}\nsubnet 192.168.9.0 netmask 255.255.255.0 { }',
        0o640,
      ),
      '/etc/exports': '# ours\n/srv/media 192.168.9.0/24(ro,sync,no_subtree_check)',
      '/etc/firewall/rules+ours.v4':
        '*filter\n:INPUT DROP [12:3456]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n' +
        '-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n',
    },
  },
]

const here = fileURLToPath(new URL('.', import.meta.url))
const scratch: string[] = []

afterAll(async () => {
  for (const top of scratch) await rm(top, { recursive: true })
})

describe.each(farms)('$name', ({ name, files }) => {
  const home = join(here, name)

  test('comes out as it is kept', async () => {
    const { made } = await applied(home, files)
    const shown = new Map(made.flatMap(([path, entry]) => textOf(path, entry)))
    for (const [path, text] of shown)
      await expect(text).toMatchFileSnapshot(join(home, 'nas', path))
    await expect(listing(made)).toMatchFileSnapshot(join(home, 'listing.txt'))
    const kept = await filesBelow(join(home, 'nas'))
    expect(kept.filter((path) => !shown.has(path))).toEqual([])
  })

  test('dhcpd itself accepts it', async () => {
    const { farm, top } = await onDisk(home, files)
    const { stderr, exitCode } = await execa(
      'dhcpd',
      ['-4', '-t', '-cf', join(top, farm.paths.dhcpd_conf)],
      { reject: false },
    )
    expect(exitCode, stderr).toBe(0)
  })

  test('exportfs itself exports each root to its Pi', async () => {
    const { farm, top } = await onDisk(home, files)
    const { exports, etc_exports, exports_dir } = farm.paths
    const [program = '', ...args] = tryExports({
      ...farm,
      paths: {
        ...farm.paths,
        exports: join(top, exports),
        etc_exports: join(top, etc_exports),
        exports_dir: join(top, exports_dir),
      },
    })
    const input = await readFile(join(top, exports), 'utf8')
    const { exitCode, stdout, stderr } = await execa(program, args, { input, reject: false })
    // None of these directories is on the machine that runs the test.
    const roots = new Set([...farm.pis.map((pi) => rootOf(farm, pi)), '/srv/media'])
    const wanted = wantedExports(farm)
    const output = { code: exitCode ?? 128, stdout, stderr }
    expect(judgeExports(output, { wanted, keep: [], roots, knownStderr: '' })).toBeUndefined()
  })

  test('iptables-restore itself takes the rules', async () => {
    const { farm, top } = await onDisk(home, files)
    const input = await readFile(join(top, farm.paths.firewall), 'utf8')
    const argv = ['-n', 'iptables-restore', '--test']
    const { exitCode, stderr } = await execa('unshare', argv, { input, reject: false })
    expect(exitCode, stderr).toBe(0)
  })
})

/** A NAS after `pifarm apply`, and what the run made or changed on it. */
async function applied(home: string, files: Golden['files']) {
  const text = await readFile(join(home, 'farm.yaml'), 'utf8')
  const nas = farmNas({ files: { ...files, [config]: text } })
  const before = nas.snapshot()
  const { code, error, stderr } = await nas.pifarm('apply --yes')
  expect(code, `${error}\n${stderr}`).toBe(0)
  expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  const farm = loadFarm(text, config)
  const after = nas.snapshot()
  const made = Object.entries(after).filter(
    ([path, entry]) =>
      before[path] !== entry && !isPassing(path, farm) && !isCopy(path, entry, before),
  )
  return { farm, after, made }
}

/** What is gone after a restart, and the journal, which has the time in it. */
function isPassing(path: string, { paths }: Farm): boolean {
  return (
    /^\/(?:proc|run)\/|^\/var\/lib\/nfs\//.test(path) || path.startsWith(`${paths.state}/runs/`)
  )
}

/** The files under /etc as they came out, in a directory, with the include leading into it. */
async function onDisk(home: string, files: Golden['files']) {
  const { farm, after } = await applied(home, files)
  const top = await mkdtemp(join(tmpdir(), 'pifarm-golden-'))
  scratch.push(top)
  for (const [path, entry] of Object.entries(after)) {
    if (!path.startsWith('/etc/') || entry.kind !== 'file') continue
    await mkdir(join(top, dirname(path)), { recursive: true })
    const text = entry.text.replace(
      /^include "(.*)";$/m,
      (_, own) => `include "${join(top, own)}";`,
    )
    await writeFile(join(top, path), text)
  }
  await mkdir(join(top, farm.paths.exports_dir), { recursive: true })
  return { farm, top }
}

/** As .json the formatter would want it in a form of its own. */
function textOf(path: string, entry: Entry): [string, string][] {
  const name = `${path.slice(1)}${path.endsWith('.json') ? '.txt' : ''}`
  return entry.kind === 'file' ? [[name, entry.text]] : []
}

/** A file of a template that came along with its copy. */
function isCopy(path: string, entry: Entry, before: Record<string, Entry>): boolean {
  return Object.entries(before).some(
    ([from, was]) => basename(from) === basename(path) && isDeepStrictEqual(was, entry),
  )
}

function listing(made: readonly (readonly [string, Entry])[]): string {
  return made.map(([path, entry]) => `${kindOf(entry)}  ${path}${targetOf(entry)}\n`).join('')
}

function kindOf(entry: Entry): string {
  const mode = 'mode' in entry ? entry.mode.toString(8).padStart(4, '0') : '    '
  return `${entry.kind.padEnd(4)}  ${mode}`
}

function targetOf(entry: Entry): string {
  return entry.kind === 'link' ? ` -> ${entry.target}` : ''
}

async function filesBelow(top: string): Promise<string[]> {
  await mkdir(top, { recursive: true })
  const found = await readdir(top, { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1))
    .sort()
}
