import { UserError } from '../../errors.ts'
import { asideOf, type Pi, rootOf } from '../../farm/farm.ts'
import type { Change, CloneTree, MoveTree, Put, ResourcePlan } from '../../plan/change.ts'
import { dirShouldBe } from '../dir-should-be.ts'
import { findTemplate, type Template } from '../find-template.ts'
import type { Look, Resource } from '../resource.ts'
import { agentTokensChange } from './agent-tokens.ts'
import { refuseFull, sizesOf } from './free-space.ts'
import { forget, type Identity, identityOf } from './identity.ts'
import { refuseMounted } from './in-use.ts'
import { knownHostsChange } from './known-hosts.ts'
import { refuseMountsBelow } from './mounts-below.ts'
import { publicHalves } from './public-halves.ts'
import { renamesOf } from './renames.ts'
import { lookInherited, refuseLinkedDirs, seedsFor } from './seeds.ts'

/**
 * Every Pi's own root filesystem, cloned from its template. Once cloned it belongs to its Pi:
 * pifarm never writes into it again, for whoever is root on the Pi can plant a link there that
 * leads a write of ours anywhere on the NAS.
 */
export const rootfs: Resource = {
  name: 'rootfs',
  needs: () => ['du', 'grep'],
  plan,
  probes: () => [],

  /** The Pis whose roots would go, or get their old name back: none may be running from its root. */
  async beforeUndo({ farm, nas, changes }) {
    const names = new Map<string, string>(farm.pis.map((pi) => [rootOf(farm, pi), pi.name]))
    const leaving = changes.flatMap((change) =>
      change.kind === 'clone-tree' || change.kind === 'move-tree'
        ? (names.get(change.to) ?? [])
        : [],
    )
    return { checks: [], warnings: await refuseMounted(farm, nas, leaving) }
  },
}

async function plan(look: Look): Promise<ResourcePlan> {
  const { farm, nas, purge } = look
  await refuseLinkedRoots(look)
  const present = (await nas.list(farm.paths.roots)) ?? new Map()
  refuseForeign(look, present)
  const renames = await renamesOf(look, present)
  const staying = new Set(renames.flatMap(({ from, to }) => [from, to]))
  const missing = farm.pis.filter(({ name }) => !present.has(name) && !staying.has(name))
  const leaving = leavingNames(look).filter((name) => present.has(name) && !staying.has(name))
  const warnings = await refuseMounted(farm, nas, [...leaving, ...renames.map(({ from }) => from)])
  const identities = await identitiesOf(look, missing)
  const made = new Map([
    ...identities,
    ...renames.map(({ to, identity }) => [to, identity] as const),
  ])
  const halves = await publicHalves(farm, nas, made)
  return {
    changes: [
      ...(await dirShouldBe(nas, farm.paths.roots, 0o755, 'holds the roots of all Pis')),
      ...renames.flatMap(({ changes }) => changes),
      ...vaultChanges(identities),
      ...(await clones(look, missing, identities)),
      ...only(await knownHostsChange(farm, nas, halves)),
      ...only(await agentTokensChange(farm, nas, halves)),
      ...leaving.map((name) => aside(look, name)),
      ...(purge ? await forget(farm, nas, leavingNames(look)) : []),
    ],
    checks: [],
    reloads: [],
    probes: [],
    warnings: [...warnings, ...renames.flatMap((rename) => rename.warnings)],
    owns: farm.pis.map((pi) => rootOf(farm, pi)),
  }
}

/** The kernel exports what a link leads to, and under that name no Pi asks for its root. */
async function refuseLinkedRoots({ farm, nas }: Look): Promise<void> {
  const { roots } = farm.paths
  for (let end = roots.indexOf('/', 1); ; end = roots.indexOf('/', end + 1)) {
    const path = end < 0 ? roots : roots.slice(0, end)
    if ((await nas.read(path))?.kind === 'link')
      throw new UserError(`paths.roots ${roots} leads through the link ${path}`, {
        hint: `write where it leads to as paths.roots in ${farm.file}`,
      })
    if (end < 0) return
  }
}

function refuseForeign({ farm, owned }: Look, present: ReadonlyMap<string, unknown>): void {
  for (const pi of farm.pis) {
    const root = rootOf(farm, pi)
    if (!present.has(pi.name) || owned.has(root)) continue
    throw new UserError(`${root} exists, and pifarm did not make it`, {
      hint: `move it away (mv ${root} ${root}.old), or give the Pi another name`,
    })
  }
}

/** Whose roots an earlier run made and nobody wants any more. */
function leavingNames({ farm, owned }: Look): string[] {
  const wanted = new Set<string>(farm.pis.map((pi) => rootOf(farm, pi)))
  const prefix = `${farm.paths.roots}/`
  return [...owned]
    .filter((path) => path.startsWith(prefix) && !wanted.has(path))
    .map((path) => path.slice(prefix.length))
    .filter((name) => !name.includes('/'))
}

async function identitiesOf(
  { farm, nas, fresh }: Look,
  pis: readonly Pi[],
): Promise<ReadonlyMap<string, Identity>> {
  const identities = new Map<string, Identity>()
  for (const pi of pis) identities.set(pi.name, await identityOf(farm, nas, fresh, pi))
  return identities
}

/** The vault's own directory is in every new identity, and is made once. */
function vaultChanges(identities: ReadonlyMap<string, Identity>): Put[] {
  const changes = [...identities.values()].flatMap((identity) => identity.changes)
  return [...new Map(changes.map((change) => [change.path, change])).values()]
}

async function clones(
  { farm, nas }: Look,
  pis: readonly Pi[],
  identities: ReadonlyMap<string, Identity>,
): Promise<CloneTree[]> {
  const templates = new Map<string, Template>()
  for (const name of new Set(pis.map(({ template }) => template)))
    templates.set(name, await findTemplate(farm, nas, name))
  const roots = [...templates.values()].map(({ root }) => root)
  await refuseMountsBelow(nas, roots)
  const sizes = await sizesOf(nas, roots)
  const changes: CloneTree[] = []
  for (const [name, { root }] of templates) {
    const inherited = await lookInherited(nas, root)
    for (const [index, pi] of pis.filter(({ template }) => template === name).entries()) {
      const identity = identities.get(pi.name)
      if (identity === undefined) throw new Error(`no identity for ${pi.name}`)
      const seeds = seedsFor(farm, pi, inherited, identity)
      // They lie in the same directories for all.
      if (index === 0) await refuseLinkedDirs(nas, root, seeds)
      changes.push({
        kind: 'clone-tree',
        from: root,
        to: rootOf(farm, pi),
        seeds,
        bytes: sizes.get(root) ?? 0,
        why: `the root of ${pi.name}, from template ${name}`,
      })
    }
  }
  await refuseFull(
    nas,
    farm.paths.roots,
    changes.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  return changes
}

function aside({ farm, runId }: Look, name: string): MoveTree {
  const from = `${farm.paths.roots}/${name}`
  return {
    kind: 'move-tree',
    from,
    to: asideOf(from, runId),
    why: `the root of ${name}, which is no longer in the farm`,
  }
}

function only(change: Change | undefined): Change[] {
  return change === undefined ? [] : [change]
}
