import type { Tree } from '../tree.ts'

const own = '/etc/systemd/system'
const shipped = ['/lib/systemd/system', '/usr/lib/systemd/system']

/** Whether systemd would start the unit by itself: wanted by something, and not masked. */
export async function isOn(tree: Tree, unit: string): Promise<boolean> {
  if (await isMasked(tree, unit)) return false
  if (await wantedBy(tree, unit)) return true
  // systemd passes over an init script that has a unit of the same name.
  return (await unitFile(tree, unit)) === undefined && (await startedBySysV(tree, unit))
}

/** Where the unit's own file is; undefined where the unit is not installed, or masked. */
export async function unitFile(tree: Tree, unit: string): Promise<string | undefined> {
  // getty@tty1.service is an instance of getty@.service.
  for (const name of new Set([unit, unit.replace(/@[^.]+\./, '@.')]))
    for (const dir of [own, ...shipped]) {
      const entry = await tree.read(`${dir}/${name}`)
      if (entry !== undefined && !isNowhere(entry)) return `${dir}/${name}`
    }
  return undefined
}

/** Masks the unit: a mask outlives presets and package upgrades, a removed link does not. */
export async function turnOff(tree: Tree, unit: string): Promise<string> {
  await tree.put(`${own}/${unit}`, { kind: 'link', target: '/dev/null' })
  return `masked ${unit}`
}

/** Makes `target` want the unit, and takes a mask away. Undefined where the unit is not installed. */
export async function turnOn(
  tree: Tree,
  unit: string,
  target: string,
): Promise<string | undefined> {
  if (await isMasked(tree, unit)) await tree.put(`${own}/${unit}`, undefined)
  const file = await unitFile(tree, unit)
  if (file === undefined) return undefined
  await tree.put(`${own}/${target}.wants/${unit}`, { kind: 'link', target: file })
  return `enabled ${unit}`
}

async function isMasked(tree: Tree, unit: string): Promise<boolean> {
  return isNowhere(await tree.read(`${own}/${unit}`))
}

function isNowhere(entry: Awaited<ReturnType<Tree['read']>>): boolean {
  return entry?.kind === 'link' && entry.target === '/dev/null'
}

async function wantedBy(tree: Tree, unit: string): Promise<boolean> {
  for (const dir of [own, ...shipped])
    for (const [name, kind] of (await tree.list(dir)) ?? [])
      if (kind === 'dir' && /\.(?:wants|requires)$/.test(name))
        if ((await tree.list(`${dir}/${name}`))?.has(unit)) return true
  return false
}

/** An init script that systemd makes a unit of, e.g. /etc/rc3.d/S01resize2fs_once. */
async function startedBySysV(tree: Tree, unit: string): Promise<boolean> {
  if (!unit.endsWith('.service')) return false
  const script = unit.slice(0, -'.service'.length)
  for (const level of ['S', '2', '3', '4', '5'])
    for (const name of (await tree.list(`/etc/rc${level}.d`))?.keys() ?? [])
      if (/^S\d\d/.test(name) && name.slice(3) === script) return true
  return false
}
