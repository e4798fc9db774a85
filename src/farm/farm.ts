import type { FarmSettings } from './farm-schema.ts'
import type { HostName, Ipv4, Mac, Model, MuxId, Serial } from './schema.ts'

/** One Pi with the farm's defaults filled in. */
export interface Pi {
  readonly name: HostName
  readonly mac: Mac
  /** Undefined: pending, it has not yet asked for its files. */
  readonly serial: Serial | undefined
  readonly address: Ipv4
  readonly muxid: MuxId
  readonly muxhwdec: boolean
  readonly template: string
  readonly model: Model
  readonly gpu_mem: number
  readonly decode_mpg2: string | undefined
  readonly decode_wvc1: string | undefined
  readonly root_options: string
  readonly cmdline_extra: string | undefined
}

/** What is wanted. What two resources share is a fact of the farm, so that they cannot disagree. */
export interface Farm extends Omit<FarmSettings, 'pis'> {
  /** Where it was read from, for messages. */
  readonly file: string
  readonly pis: readonly Pi[]
}

export function makeFarm(file: string, settings: FarmSettings): Farm {
  const { defaults } = settings
  // Key by key: a spread takes ten times as long, and leaves objects that are slow to read.
  const pis = settings.pis.map((pi) => ({
    name: pi.name,
    mac: pi.mac,
    serial: pi.serial,
    address: pi.address,
    muxid: pi.muxid,
    muxhwdec: pi.muxhwdec ?? defaults.muxhwdec,
    template: pi.template ?? defaults.template,
    model: pi.model ?? defaults.model,
    gpu_mem: pi.gpu_mem ?? defaults.gpu_mem,
    decode_mpg2: pi.decode_mpg2,
    decode_wvc1: pi.decode_wvc1,
    root_options: pi.root_options ?? defaults.root_options,
    cmdline_extra: pi.cmdline_extra ?? defaults.cmdline_extra,
  }))
  return { ...settings, file, pis }
}

/** The Pi's own root filesystem. */
export function rootOf(farm: Farm, pi: Pick<Pi, 'name'>): string {
  return `${farm.paths.roots}/${pi.name}`
}

/** The root filesystem that roots are cloned from. */
export function templateRoot(farm: Farm, template: string): string {
  return `${farm.paths.roots}/${template}`
}

/** A template's boot files inside the TFTP root. */
export function templateBoot(farm: Farm, template: string): string {
  return `${farm.paths.tftp}/templates/${template}`
}

/** The directory a Pi asks for its boot files in. */
export function bootDir(farm: Farm, serial: Serial): string {
  return `${farm.paths.tftp}/${serial}`
}

/** Where people reach the controller, and agents first; undefined where the farm has none. */
export function controllerUrl({ controller, nas }: Farm): string | undefined {
  if (!controller.enable) return undefined
  const scheme = controller.tls_cert === undefined ? 'http' : 'https'
  // On all addresses of the NAS: the Pis know it by the one in the farm.
  const listen = controller.listen === '0.0.0.0' ? undefined : controller.listen
  return `${scheme}://${listen ?? nas.address}:${controller.port}`
}

/** Where the agents ask: any that is there will do, for they share a queue. */
export function controllerUrls(farm: Farm): readonly string[] {
  const own = controllerUrl(farm)
  return own === undefined ? [] : [own, ...farm.controller.others]
}

/** Where a tree is kept that a run takes out: beside its place, so that moving it is a rename. */
export function asideOf(path: string, runId: string): string {
  const cut = path.lastIndexOf('/') + 1
  return `${path.slice(0, cut)}.${path.slice(cut)}.removed-${runId}`
}

/** What the firewall opens for them, with room for one more. */
export const nfsPortRange = { first: 33049, last: 33054 } as const

/** The ports that nfs-ports pins and the firewall opens (the article's 33049-33054). */
export const nfsPorts = { mountd: 33049, statd: 33050, statdOutgoing: 33051, lockd: 33052 } as const
