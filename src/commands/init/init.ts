import { dirname } from 'node:path'
import { parse, parseDocument } from 'yaml'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { loadFarm } from '../../farm/load.ts'
import { addressRange, type Ipv4, templateName } from '../../farm/schema.ts'
import type { Change, Plan } from '../../plan/change.ts'
import { nextRunId } from '../../plan/journal.ts'
import { makePlan } from '../../plan/make-plan.ts'
import type { Shared } from '../../program.ts'
import { render } from '../../render.ts'
import { addressesInUse } from '../../resources/addresses-in-use.ts'
import { catalog } from '../../resources/catalog.ts'
import { readDhcpFacts } from '../../resources/dhcp/facts.ts'
import { dirShouldBe } from '../../resources/dir-should-be.ts'
import { servedClients } from '../../resources/exports/served-clients.ts'
import type { Tools } from '../../tools.ts'
import { changeFarm, settle } from '../change-farm.ts'
import { flag } from '../pi-options.ts'
import {
  type LoadedFarm,
  needRoot,
  putBackCutOff,
  readFarm,
  withFarm,
  withLock,
} from '../session.ts'
import { askAddresses, askNetwork, type InitFlags, suggestAddresses } from './answers.ts'
import { warnOfBoot } from './at-boot.ts'
import { installPackages, missingPackages } from './packages.ts'
import { survey } from './survey.ts'

interface InitOptions extends InitFlags, Shared {
  readonly set?: readonly string[]
  readonly declareSubnet?: boolean
  readonly install?: boolean
}

/** Makes this machine a farm NAS: asks, writes farm.yaml, and lays the base of every resource. */
export async function init(tools: Tools, options: InitOptions): Promise<number> {
  const { nas, ui } = tools
  needRoot(tools, 'change the NAS')
  const isThere = async () => (await nas.read(options.config)) !== undefined
  // A killed init left it half done: then farm.yaml goes again with the rest.
  if (await isThere()) await putBackCutOff(tools, options.config)
  if (await isThere())
    return await withFarm(tools, options.config, (loaded) => applyAgain(tools, loaded))
  const text = await farmText(tools, options)
  const farm = loadDraft(text, options.config)
  return await withLock(tools, farm.paths.state, async () => {
    // A killed undo of an init has been put back just now, and its farm.yaml with it.
    if (await isThere()) return await applyAgain(tools, await readFarm(nas, options.config))
    const runId = await nextRunId(nas, farm.paths.state)
    const edits = await firstEdits(tools, options.config, text)
    const plan = await makePlan(farm, nas, { resources: catalog, fresh: tools.fresh, runId, edits })
    refuseOtherFarm(plan, farm)
    const code = await settle(
      tools,
      plan,
      { state: farm.paths.state, runId },
      { question: 'Make this NAS a farm?' },
    )
    if (code !== exitCodes.done) return code
    await warnOfBoot(tools, farm)
    ui.say('next: pifarm template build, then pifarm add-pi --mac b8:27:eb:xx:xx:xx')
    return code
  })
}

/** A farm whose farm.yaml was moved, or is another one: to begin anew would take its Pis out. */
function refuseOtherFarm({ steps }: Plan, { paths }: Farm): void {
  for (const change of steps.flatMap(({ changes }) => changes))
    if (change.kind === 'move-tree')
      throw new UserError(`this NAS has a farm already: ${change.from} is the root of a Pi of it`, {
        hint: `name its farm.yaml with --config; a lost one stands in the newest records of ${paths.state}/runs`,
      })
}

async function applyAgain(tools: Tools, loaded: LoadedFarm): Promise<number> {
  tools.ui.say(
    `${loaded.source.file} is there already: applying it as it stands, whatever the flags say`,
  )
  const { code } = await changeFarm(tools, loaded, loaded.source)
  return code
}

async function offerPackages(tools: Tools, install: boolean | undefined): Promise<void> {
  const missing = await missingPackages(tools.nas)
  if (missing.length === 0 || install === false) return
  tools.ui.say(`not installed: ${missing.join(' ')}`)
  const wanted =
    install ?? (await tools.ui.confirm('Install them from Debian now? (--install, --no-install)'))
  if (wanted) await installPackages(tools, missing)
}

/** Asks what no flag says. What is wrong with a flag is said before anything is installed. */
async function farmText(tools: Tools, options: InitOptions): Promise<string> {
  const { nas, ui } = tools
  const network = await askNetwork(ui, options, await survey(nas))
  flag('--addresses', addressRange, options.addresses)
  // The first address is a stand-in: what dhcpd.conf says decides which to suggest.
  const draft = (addresses: string, more: Partial<View> = {}) =>
    withSettings(
      render(
        'farm/farm.yaml.hbs',
        view({ ...network, addresses, template: templateOf(options), ...more }),
      ),
      options,
    )
  const sketch = loadDraft(
    draft(options.addresses ?? `${network.address}-${network.address}`),
    options.config,
  )
  await offerPackages(tools, options.install)
  const dhcp = await readDhcpFacts(nas, sketch)
  const { taken, inRange } = await addressesInUse(sketch, nas)
  const mine = new Set<string>([network.address, network.gateway ?? ''])
  const isFree = (address: Ipv4) =>
    !mine.has(address) && !taken.has(address) && inRange(address) === undefined
  const addresses = await askAddresses(
    ui,
    options.addresses,
    suggestAddresses(network.subnet, isFree),
  )
  const declared = dhcp.subnets.some((subnet) => subnet.contains(network.address))
  return draft(`${addresses.first}-${addresses.last}`, {
    // Its package may just have come, with the directory that it serves.
    tftp: (await survey(nas)).tftp,
    declareSubnet: options.declareSubnet ?? !declared,
    nfsClients: await servedClients(nas, sketch),
  })
}

/** The places in its messages are of a file that a person cannot look into yet. */
function loadDraft(text: string, config: string): Farm {
  try {
    return loadFarm(text, config)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(error.message, {
      hint: `${config} is not written yet: correct the flag or --set that says so`,
    })
  }
}

interface View {
  readonly interface: string
  readonly address: string
  readonly subnet: string
  readonly gateway: string | undefined
  readonly dns: readonly string[]
  readonly domain: string | undefined
  readonly addresses: string
  readonly template: string
  readonly tftp?: string | undefined
  readonly declareSubnet?: boolean
  readonly nfsClients?: readonly string[]
}

function view(values: View) {
  const { dns, nfsClients = [], declareSubnet = false, ...rest } = values
  return {
    ...rest,
    dns: dns.join(', '),
    nfsClients: nfsClients.join(', '),
    declareSubnet,
    hasDns: dns.length > 0,
    hasNfsClients: nfsClients.length > 0,
    hasGateway: values.gateway !== undefined,
    hasDomain: values.domain !== undefined,
    hasTftp: values.tftp !== undefined && values.tftp !== '/srv/tftp',
  }
}

function templateOf(options: InitOptions): string {
  return flag('--template', templateName, options.template) ?? 'template'
}

/** `--set paths.roots=/srv/roots`: the value is read as YAML, so that lists can be given too. */
function withSettings(text: string, { set = [] }: InitOptions): string {
  if (set.length === 0) return text
  const doc = parseDocument(text)
  // Last again, below whatever is set: it is the part that grows.
  doc.delete('pis')
  for (const setting of set) {
    const [, key, value] = /^([a-z0-9_.]+)=(.*)$/s.exec(setting) ?? []
    if (key === undefined || value === undefined)
      throw new UserError(`--set ${quoted(setting)}: not of the form key=value`, {
        hint: 'e.g. --set paths.roots=/srv/roots',
      })
    if (/^pis(?:\.|$)/.test(key))
      throw new UserError(`--set ${quoted(setting)}: a farm begins without a Pi`, {
        hint: 'put each in with pifarm add-pi',
      })
    try {
      doc.setIn(key.split('.'), parse(value))
    } catch (cause) {
      throw new UserError(`--set ${quoted(setting)}: not a value that YAML knows`, {
        hint: "write it as it would stand in farm.yaml, e.g. --set 'firewall.nfs_clients=[10.77.0.9]'",
        cause,
      })
    }
  }
  doc.set('pis', [])
  return doc.toString({ flowCollectionPadding: false })
}

async function firstEdits(tools: Tools, config: string, text: string): Promise<Change[]> {
  const file: Change = {
    kind: 'put',
    path: config,
    before: undefined,
    after: { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 },
    why: 'what is wanted',
  }
  return [...(await dirShouldBe(tools.nas, dirname(config), 0o755, 'holds the farm')), file]
}
