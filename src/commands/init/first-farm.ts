import { parse, parseDocument } from 'yaml'
import { quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { readFarmText } from '../../farm/farm-text.ts'
import { farmFrom } from '../../farm/load.ts'
import { addressRange, type Ipv4, templateName } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import type { Shared } from '../../program.ts'
import { render } from '../../render.ts'
import { addressesInUse } from '../../resources/addresses-in-use.ts'
import { readDhcpFacts } from '../../resources/dhcp/facts.ts'
import { servedClients } from '../../resources/exports/served-clients.ts'
import type { Tools } from '../../tools.ts'
import { refuseMisplaced } from '../misplaced-paths.ts'
import { flag } from '../pi-options.ts'
import { askAddresses, askNetwork, type InitFlags, suggestAddresses } from './answers.ts'
import { installPackages, missingPackages } from './packages.ts'
import { survey } from './survey.ts'

export interface InitOptions extends InitFlags, Shared {
  readonly set?: readonly string[]
  readonly declareSubnet?: boolean
  readonly install?: boolean
}

/** The farm.yaml of a new farm: asks what no flag says. What is wrong with a flag is said before anything is installed. */
export async function farmText(tools: Tools, options: InitOptions): Promise<string> {
  const { nas, ui } = tools
  // That setting comes into the text by itself, below.
  const isSet = options.set?.some((setting) => setting.startsWith('network.gateway='))
  const gateway = options.gateway ?? (isSet ? 'none' : undefined)
  const network = await askNetwork(ui, { ...options, gateway }, await survey(nas))
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
  const sketch = await loadDraft(
    nas,
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
export async function loadDraft(nas: Reader, text: string, config: string): Promise<Farm> {
  try {
    const source = readFarmText(text, config)
    const farm = farmFrom(source)
    await refuseMisplaced(nas, source, farm.paths)
    return farm
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(error.message, {
      hint: `${config} is not written yet: correct the flag or --set that says so`,
    })
  }
}

async function offerPackages(tools: Tools, install: boolean | undefined): Promise<void> {
  const missing = await missingPackages(tools.nas)
  if (missing.length === 0 || install === false) return
  tools.ui.say(`not installed: ${missing.join(' ')}`)
  const wanted =
    install ?? (await tools.ui.confirm('Install them from Debian now? (--install, --no-install)'))
  if (wanted) await installPackages(tools, missing)
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
