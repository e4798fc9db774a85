import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  addHlsPi1,
  config,
  type FarmNas,
  farmNas,
  initCommand,
  readyFarm,
  textOn,
} from '../support/farm-nas.ts'

const unit = '/etc/systemd/system/pifarm-controller.service'
const wanted = '/etc/systemd/system/multi-user.target.wants/pifarm-controller.service'

function set(nas: FarmNas, settings: string): void {
  const before = textOn(nas, config).replace(/^controller:\n(?: .*\n)*/m, '')
  nas.poke(config, `${before.trimEnd()}\ncontroller:\n${settings}`)
}

test('off by default: nothing of it is laid', async () => {
  const nas = await readyFarm([addHlsPi1])
  expect(await nas.read(unit)).toBeUndefined()
  expect(await nas.read('/var/lib/pifarm/admin-token')).toBeUndefined()
  expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).not.toContain('muxcnc')
})

test('init lays and starts it at once, where it is told to', async () => {
  const nas = farmNas()
  expect(await nas.pifarm(`${initCommand} --set controller.enable=true`)).toMatchObject({ code: 0 })
  expect(textOn(nas, unit)).toContain('\nExecStart=/usr/bin/env pifarm controller --config ')
  expect(await nas.ask(['systemctl', 'is-active', 'pifarm-controller'])).toMatchObject({ code: 0 })
})

test('on: unit, start at boot, secrets for root alone, and its URL to every Pi; once', async () => {
  const nas = await readyFarm([addHlsPi1])
  set(nas, '  enable: true\n  port: 8090\n  media: /srv/videos\n  legacy: true\n')
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 0 })
  expect(textOn(nas, unit)).toContain(
    'ExecStart=/usr/bin/env pifarm controller --config /etc/pifarm/farm.yaml --listen 10.77.0.1 --port 8090 --media /srv/videos' +
      ' --state /var/lib/pifarm --tidy keep --tidy-after 24 --keep-days 365 --legacy\n',
  )
  expect(await nas.read(wanted)).toEqual({ kind: 'link', target: unit })
  for (const name of ['admin-token', 'webhook-secret'])
    expect(await nas.read(`/var/lib/pifarm/${name}`)).toMatchObject({ kind: 'file', mode: 0o600 })
  expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain(' muxcnc=http://10.77.0.1:8090')
  expect(await nas.pifarm('plan --exit-code')).toMatchObject({ code: 0 })
})

test('the unit is one that systemd takes, also with every setting', async () => {
  const nas = await readyFarm()
  const every = ['port: 80', 'tls_cert: /etc/c.pem', 'tls_key: /etc/k.pem', 'legacy: true']
  const more = ['media: /srv/videos', 'watch_folder: /srv/videos/in', 'tidy: move']
  set(nas, ['enable: true', ...every, ...more].map((line) => `  ${line}\n`).join(''))
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 0 })
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-unit-'))
  const file = join(dir, 'pifarm-controller.service')
  writeFileSync(file, textOn(nas, unit))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
    encoding: 'utf8',
  })
  rmSync(dir, { recursive: true })
  // Of other units it may complain.
  expect(stderr.split('\n').filter((line) => line.includes('pifarm-controller'))).toEqual([])
  expect(status).toBe(0)
})

test('on all addresses: the Pis are told the one of the farm', async () => {
  const nas = await readyFarm([addHlsPi1])
  set(nas, '  enable: true\n  listen: 0.0.0.0\n')
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 0 })
  expect(textOn(nas, unit)).toContain('--listen 0.0.0.0 ')
  expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain(' muxcnc=http://10.77.0.1:8080')
})

test('others beside it: every Pi is told of them too', async () => {
  const nas = await readyFarm([addHlsPi1])
  set(nas, '  enable: true\n  others: [http://10.77.0.2:8080, "https://nas2.farm/pifarm"]\n')
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 0 })
  expect(textOn(nas, '/srv/tftp/3333347a/cmdline.txt')).toContain(
    ' muxcnc=http://10.77.0.1:8080,http://10.77.0.2:8080,https://nas2.farm/pifarm',
  )
})

test.each(['ftp://x', 'http://x root=/dev/sda', 'http://a,b', 'http://a"b'])(
  'another that is none: %s',
  async (url) => {
    const nas = await readyFarm()
    set(nas, `  enable: true\n  others: ['${url}']\n`)
    expect(await nas.pifarm('apply --yes')).toMatchObject({
      code: 2,
      error: expect.stringContaining('controller.others.0'),
    })
  },
)

test('no secret is shown', async () => {
  const nas = await readyFarm()
  set(nas, '  enable: true\n')
  const shown = await nas.pifarm('plan')
  expect(shown.stdout).toContain('admin-token')
  expect(shown.stdout).not.toContain('token-')
})

test('off again: unit and start go, secrets and queue stay; undo brings it back', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  set(nas, '  enable: true\n')
  await nas.pifarm('apply --yes')
  expect(await nas.pifarm('undo --yes')).toMatchObject({ code: 0 })
  expect(Object.keys(nas.outside())).toEqual(Object.keys(before))
  await nas.pifarm('apply --yes')
  const token = textOn(nas, '/var/lib/pifarm/admin-token')
  set(nas, '  enable: false\n')
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 0 })
  expect([await nas.read(unit), await nas.read(wanted)]).toEqual([undefined, undefined])
  expect(textOn(nas, '/var/lib/pifarm/admin-token')).toBe(token)
  expect(await nas.ask(['systemctl', 'is-active', 'pifarm-controller'])).toMatchObject({ code: 3 })
  expect(await nas.pifarm('undo --yes')).toMatchObject({ code: 0 })
  expect(await nas.ask(['systemctl', 'is-active', 'pifarm-controller'])).toMatchObject({ code: 0 })
})

test("another's unit of that name is refused", async () => {
  const nas = await readyFarm()
  nas.poke(unit, '[Service]\nExecStart=/bin/true\n')
  set(nas, '  enable: true\n')
  expect(await nas.pifarm('apply --yes')).toMatchObject({ code: 2 })
})

test('each Pi has a token of its own: in its root, as a hash with its muxid for the controller', async () => {
  const nas = await readyFarm([addHlsPi1])
  const planted = await nas.read('/mnt/PiRoots/HLSPi1/etc/pifarm-agent.token')
  expect(planted).toMatchObject({ kind: 'file', mode: 0o600 })
  const token = planted?.kind === 'file' ? planted.text.trim() : ''
  const hash = createHash('sha256').update(token).digest('hex')
  expect(textOn(nas, '/var/lib/pifarm/agent-tokens')).toBe(`1 ${hash} HLSPi1\n`)
  expect(await nas.read('/var/lib/pifarm/agent-tokens')).toMatchObject({ mode: 0o600 })

  await nas.pifarm('set-pi HLSPi1 --muxid 9')
  expect(textOn(nas, '/var/lib/pifarm/agent-tokens')).toBe(`9 ${hash} HLSPi1\n`)
  await nas.pifarm('remove-pi HLSPi1 --yes')
  expect(await nas.read('/var/lib/pifarm/agent-tokens')).toBeUndefined()
})
