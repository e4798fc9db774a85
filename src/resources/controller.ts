import { dirname } from 'node:path'
import { controllerUrl, type Farm } from '../farm/farm.ts'
import { path } from '../farm/schema.ts'
import type { FileEntry, Reader } from '../host/host.ts'
import { programsOf } from '../host/need-programs.ts'
import { nothing, type Probe, type Put, type Reload } from '../plan/change.ts'
import { render } from '../render.ts'
import { dirShouldBe } from './dir-should-be.ts'
import { fileShouldBe } from './file-should-be.ts'
import type { Fresh } from './fresh.ts'
import type { Resource } from './resource.ts'

const unit = '/etc/systemd/system/pifarm-controller.service'
const wanted = '/etc/systemd/system/multi-user.target.wants/pifarm-controller.service'

/**
 * The service that hands out jobs: its unit, that it starts at boot, and its secrets. The secrets
 * stay when it is switched off, as the queue does.
 */
export const controller: Resource = {
  name: 'controller',

  needs({ controller, services }) {
    const { reload, start, is_active } = services.controller
    return controller.enable ? programsOf(reload, start, is_active) : []
  },

  async plan({ farm, nas, fresh }) {
    const isEnabled = farm.controller.enable
    const unitChanges = isEnabled ? await laid(farm, nas) : await removed(nas)
    const secrets = isEnabled ? await secretsOf(farm, nas, fresh) : []
    const changes = [...secrets, ...unitChanges]
    if (changes.length === 0) return nothing
    return { ...nothing, changes, reloads: reloads(farm), probes: controller.probes(farm) }
  },

  probes(farm): readonly Probe[] {
    const { is_active } = farm.services.controller
    if (!farm.controller.enable) return []
    return [
      {
        why: `the controller runs, at ${controllerUrl(farm)}`,
        patience: 10_000,
        look: async (nas) => {
          const { stdout } = await nas.ask(is_active)
          return stdout.trim() === 'active'
            ? undefined
            : `the controller is ${stdout.trim() || 'not running'}: journalctl -u pifarm-controller`
        },
      },
    ]
  },
}

/** Right in both directions: where the unit is gone again, stopping works and starting is no harm. */
function reloads({ services }: Farm): readonly Reload[] {
  const { reload, stop, start } = services.controller
  return [
    { why: 'let systemd read its units', argv: reload },
    { why: 'stop the controller', argv: stop, mayFail: true },
    { why: 'start the controller', argv: start, mayFail: true },
  ]
}

async function laid(farm: Farm, nas: Reader): Promise<Put[]> {
  const why = 'starts the controller'
  const { database } = farm.controller
  const text = render('controller/pifarm-controller.service.hbs', {
    flags: flagsOf(farm).join(' '),
    state: farm.paths.state,
    database,
    databaseDir: dirname(database),
  })
  const changes: Put[] = [...(await fileShouldBe(nas, { path: unit, text, why, isOurs: true }))]
  if ((await nas.read(wanted)) === undefined)
    changes.push(...(await dirShouldBe(nas, dirname(wanted), 0o755, why)), {
      kind: 'put',
      path: wanted,
      before: undefined,
      after: { kind: 'link', target: unit },
      why: 'starts the controller at boot',
    })
  // Both lie below the same directories, which are made once.
  return [...new Map(changes.map((change) => [change.path, change])).values()]
}

async function removed(nas: Reader): Promise<Put[]> {
  const changes: Put[] = []
  for (const path of [wanted, unit]) {
    const before = await nas.read(path)
    const why = 'the farm has no controller any more'
    if (before !== undefined) changes.push({ kind: 'put', path, before, after: undefined, why })
  }
  return changes
}

/** All in the unit, so that another setting restarts it. */
function flagsOf(farm: Farm): string[] {
  const { controller, nas, paths } = farm
  const flags: [string, string | number | undefined][] = [
    ['--config', path.safeParse(farm.file).data],
    ['--listen', controller.listen ?? nas.address],
    ['--port', controller.port],
    ['--media', controller.media],
    ['--state', paths.state],
    ['--tls-cert', controller.tls_cert],
    ['--tls-key', controller.tls_key],
    ['--watch-folder', controller.watch_folder],
    ['--tidy', controller.tidy],
    ['--tidy-after', controller.tidy_after_hours],
    ['--keep-days', controller.keep_days],
  ]
  return [
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)])),
    ...(controller.legacy ? ['--legacy'] : []),
  ]
}

/** `admin-token` for people, `webhook-secret` to sign with. Made once; there is no default. */
async function secretsOf(farm: Farm, nas: Reader, fresh: Fresh): Promise<Put[]> {
  const secrets = {
    'admin-token': 'what people show to the controller',
    'webhook-secret': 'signs what the controller tells others',
  }
  const changes: Put[] = []
  for (const [name, why] of Object.entries(secrets)) {
    const file = `${farm.paths.state}/${name}`
    if ((await nas.read(file)) !== undefined) continue
    changes.push({
      kind: 'put',
      path: file,
      before: undefined,
      after: secret(fresh.token()),
      why,
      secret: true,
    })
  }
  return changes
}

function secret(token: string): FileEntry {
  return { kind: 'file', text: `${token}\n`, encoding: 'utf8', mode: 0o600, uid: 0, gid: 0 }
}
