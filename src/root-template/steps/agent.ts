import { render } from '../../render.ts'
import { accountOf } from '../inside/accounts.ts'
import { fileAt, putText, textAt } from '../inside/texts.ts'
import { isOn, turnOn } from '../inside/units.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const dir = '/opt/pifarm'
const program = `${dir}/agent.mjs`
const service = 'hls-muxer.service'
const unit = `/etc/systemd/system/${service}`
const config = '/etc/pifarm-agent.json'

export const agent: Step = {
  id: 'agent',
  title: 'Muxer agent',
  why: 'a Pi without the agent boots and then does nothing; its configuration holds a token that only its user may read',
  cure: `makes ${dir}, installs and enables ${service}, and writes ${config} with the controller's URL, mode 0600`,
  async inspect(tree, wishes) {
    const problems: string[] = []
    if ((await tree.read(dir))?.kind !== 'dir') problems.push(`${dir} is missing`)
    if ((await textAt(tree, unit)) !== unitText(wishes))
      problems.push(`${unit} is not this version's`)
    if (!(await isOn(tree, service))) problems.push(`${service} is not enabled`)
    return [...problems, ...(await judgeConfig(tree, wishes))]
  },
  async mend(tree, wishes) {
    const changed: string[] = []
    if ((await tree.read(dir))?.kind !== 'dir') {
      await tree.put(dir, { kind: 'dir', mode: 0o755 })
      changed.push(`made ${dir}`)
    }
    if ((await textAt(tree, unit)) !== unitText(wishes)) {
      await putText(tree, unit, unitText(wishes))
      changed.push(`wrote ${unit}`)
    }
    if (!(await isOn(tree, service))) {
      await turnOn(tree, service, 'multi-user.target')
      changed.push(`enabled ${service}`)
    }
    if ((await judgeConfig(tree, wishes)).length > 0) changed.push(await writeConfig(tree, wishes))
    return changed
  },
  async notes(tree, wishes) {
    const notes: string[] = []
    if ((await tree.read(program)) === undefined)
      notes.push(`${program} is not there yet: ${service} waits for it`)
    if ((await controllerIn(tree)) === undefined && wishes.controller === undefined)
      notes.push(
        `${config} names no controller: build with --controller URL, or boot with muxcnc=URL`,
      )
    return notes
  },
}

function unitText({ user }: TemplateWishes): string {
  return render('root-template/hls-muxer.service.hbs', { user })
}

async function judgeConfig(tree: Tree, wishes: TemplateWishes): Promise<readonly string[]> {
  const file = await fileAt(tree, config)
  const problems: string[] = []
  if (wishes.controller !== undefined && (await controllerIn(tree)) !== wishes.controller)
    problems.push(`${config} does not name the controller ${wishes.controller}`)
  if (file !== undefined && file.mode !== 0o600)
    problems.push(`${config} may be read by others than its owner`)
  const uid = (await accountOf(tree, wishes.user))?.uid
  if (file !== undefined && uid !== undefined && file.uid !== uid)
    problems.push(`${config} is not owned by ${wishes.user}`)
  return problems
}

async function writeConfig(tree: Tree, wishes: TemplateWishes): Promise<string> {
  const before = await settingsIn(tree)
  const controller = wishes.controller ?? before.controller
  const account = await accountOf(tree, wishes.user)
  await tree.put(config, {
    kind: 'file',
    // What else a person wrote into it stays.
    text: `${JSON.stringify({ ...before, controller }, undefined, 2)}\n`,
    encoding: 'utf8',
    mode: 0o600,
    uid: account?.uid ?? 0,
    gid: account?.gid ?? 0,
  })
  return `wrote ${config}`
}

async function controllerIn(tree: Tree): Promise<unknown> {
  return (await settingsIn(tree)).controller
}

/** The configuration as it is; empty where there is none, or where it is no JSON object. */
async function settingsIn(tree: Tree): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse((await textAt(tree, config)) ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
