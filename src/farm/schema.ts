import ipaddr from 'ipaddr.js'
import * as z from 'zod'

/**
 * The shape of farm.yaml, and the only place where the branded types are made. Their narrow
 * alphabets are what makes it safe to put them into paths, configuration files and argv.
 */

/** A host name label: letters, digits and inner hyphens, at most 63 (RFC 1123). */
export const hostName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, {
    error: 'a host name is 1 to 63 letters, digits and inner hyphens',
  })
  .refine((name) => !/^\d+$/.test(name), { error: 'a host name is not only digits' })
  .refine((name) => name.toLowerCase() !== 'localhost', {
    error: 'localhost is every machine itself',
  })
  .brand<'HostName'>()
export type HostName = z.infer<typeof hostName>

/** Six pairs of hex digits; kept in lower case with colons. Multicast and zero addresses are refused. */
export const mac = z
  .string()
  .regex(/^[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){4}$/, {
    error: 'a MAC address is six pairs of hex digits such as b8:27:eb:33:34:7a',
  })
  .transform((text) => text.toLowerCase().replaceAll('-', ':'))
  .refine((text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0, {
    error: 'a multicast address belongs to no board',
  })
  .refine((text) => text !== '00:00:00:00:00:00', { error: 'the zero address belongs to no board' })
  .brand<'Mac'>()
export type Mac = z.infer<typeof mac>

/** The low half of /proc/cpuinfo's serial: 8 lower-case hex digits. */
export const serial = z
  .string()
  .regex(/^(?:0x)?[0-9a-fA-F]{1,8}$|^[0-9a-fA-F]{16}$/, {
    error: 'a serial is 8 hex digits, or the 16 that /proc/cpuinfo shows',
  })
  .transform((text) => text.replace(/^0x/, '').toLowerCase().padStart(8, '0').slice(-8))
  .refine((text) => text !== '00000000', { error: 'a serial is not zero' })
  .brand<'Serial'>()
export type Serial = z.infer<typeof serial>

/** Four decimal octets without leading zeros. */
export const ipv4 = z
  .ipv4({ error: 'an IPv4 address is four numbers such as 10.77.0.1' })
  .brand<'Ipv4'>()
export type Ipv4 = z.infer<typeof ipv4>

/** A network in CIDR form whose host bits are zero. */
export const subnet = z
  .string()
  .refine((text) => ipaddr.IPv4.isValidCIDRFourPartDecimal(text), {
    error: 'a subnet is an address and a prefix length such as 10.77.0.0/24',
    // What follows takes the text apart and throws on anything else.
    abort: true,
  })
  .refine(
    (text) => {
      const prefix = Number(text.split('/')[1])
      return prefix >= 8 && prefix <= 30
    },
    { error: 'a farm subnet has a prefix length of 8 to 30' },
  )
  .refine((text) => ipaddr.IPv4.networkAddressFromCIDR(text).toString() === text.split('/')[0], {
    error: 'the host bits of a subnet are zero, as in 10.77.0.0/24',
  })
  .brand<'Subnet'>()
export type Subnet = z.infer<typeof subnet>

/** `first-last`, both inclusive. */
export const addressRange = z.string().transform((text, context) => {
  const [first, last, ...rest] = text.split('-').map((part) => ipv4.safeParse(part.trim()))
  if (!first?.success || !last?.success || rest.length > 0) {
    context.addIssue({
      code: 'custom',
      message: 'a range is two addresses such as 10.77.0.50-10.77.0.99',
    })
    return z.NEVER
  }
  return { first: first.data, last: last.data }
})

export const muxId = z.int().min(1).max(65_535).brand<'MuxId'>()
export type MuxId = z.infer<typeof muxId>

/** Absolute, without `..`, and of an alphabet that needs no quoting in any file pifarm writes. */
export const path = z
  .string()
  .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._+-]+)+$/, {
    error:
      'a path is absolute, of letters, digits and . _ + -, without .. and without a slash at its end',
  })
  // What is half made there can neither be finished nor be put back.
  .refine((text) => !/^\/(?:proc|sys)(?:\/|$)/.test(text), {
    error: 'nothing can be kept below /proc and /sys',
  })

export const templateName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
  error: 'a template name is 1 to 64 letters, digits, hyphens and underscores',
})

/** NFS mount options as they stand behind the path in nfsroot=. */
export const rootOptions = z
  .string()
  .regex(/^[a-z0-9_]+(?:=[a-z0-9_.]+)?(?:,[a-z0-9_]+(?:=[a-z0-9_.]+)?)*$/, {
    error: 'root options are a comma list such as vers=3,tcp',
  })
  // The kernel keeps 255 characters of them, its own defaults included (nfs_root_options).
  .max(200)

/** A codec licence key as Raspberry Pi sells them, bound to one serial. */
export const licenceKey = z.string().regex(/^0x[0-9a-fA-F]{8}$/, {
  error: 'a codec licence key is 0x and 8 hex digits',
})

/** Further words for the kernel's command line: none that pifarm writes itself. */
export const cmdlineExtra = z
  .string()
  .regex(/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/, {
    error: 'words of printable ASCII with single blanks between',
  })
  .max(1024)
  .refine((text) => !/(?:^| )(?:root|nfsroot|ip|muxid|muxhwdec|muxcnc)=/.test(text), {
    error:
      'root=, nfsroot=, ip=, muxid=, muxhwdec= and muxcnc= are written by pifarm from the settings',
  })

/** As the Pis reach it; it becomes a part of the kernel's command line. */
export const controllerUrl = z
  .string()
  .regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+(?:\/[A-Za-z0-9._/-]*)?$/, {
    error: 'a controller is http://HOST:PORT or https://HOST:PORT',
  })
  .max(120)

export const models = ['3b', '3b+', '4', '400', 'cm4', '5'] as const
export const model = z.enum(models)
export type Model = z.infer<typeof model>

/** MB of the Pi's memory that the GPU gets. Below 64 the codecs are gone. */
export const gpuMem = z.int().min(16).max(512)

const command = z.array(z.string().min(1)).min(1)
const domain = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    {
      error: 'a domain is labels of letters, digits and hyphens with dots between',
    },
  )
const interfaceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/, {
  error: 'an interface name is up to 15 letters, digits and . _ -',
})

export const pi = z.strictObject({
  name: hostName,
  mac,
  /** Absent while the Pi has not yet asked for its files. */
  serial: serial.optional(),
  address: ipv4,
  muxid: muxId,
  muxhwdec: z.boolean().optional(),
  template: templateName.optional(),
  model: model.optional(),
  gpu_mem: gpuMem.optional(),
  decode_mpg2: licenceKey.optional(),
  decode_wvc1: licenceKey.optional(),
  root_options: rootOptions.optional(),
  cmdline_extra: cmdlineExtra.optional(),
})
export type PiSettings = z.infer<typeof pi>

export const farmSchema = z.strictObject({
  nas: z.strictObject({ address: ipv4, interface: interfaceName }),
  network: z.strictObject({
    subnet,
    gateway: ipv4.optional(),
    dns: z.array(ipv4).max(3).default([]),
    domain: domain.optional(),
    /** The addresses that `add-pi` may give out. */
    addresses: addressRange,
  }),
  paths: z
    .strictObject({
      roots: path.default('/mnt/PiRoots'),
      tftp: path.default('/srv/tftp'),
      /** Where Debian keeps what tftpd-hpa is started with. */
      tftpd_default: path.default('/etc/default/tftpd-hpa'),
      /** A `.exports` drop-in is pifarm's alone; /etc/exports itself gets a marked block. */
      exports: path.default('/etc/exports.d/pifarm.exports'),
      etc_exports: path.default('/etc/exports'),
      exports_dir: path.default('/etc/exports.d'),
      nfs_state: path.default('/var/lib/nfs'),
      /** Included by dhcpd_conf; the same path as dhcpd_conf means a marked block in it. */
      dhcp: path.default('/etc/dhcp/pifarm.conf'),
      dhcpd_conf: path.default('/etc/dhcp/dhcpd.conf'),
      firewall: path.default('/etc/iptables/rules.v4'),
      nfs_conf: path.default('/etc/nfs.conf.d/pifarm.conf'),
      state: path.default('/var/lib/pifarm'),
    })
    .prefault({}),
  services: z
    .strictObject({
      dhcp: z
        .strictObject({
          /** The file to judge is appended. */
          test: command.default(['dhcpd', '-4', '-t', '-cf']),
          /** Clears systemd's start limit, which a quick run of restarts would hit. */
          reset: command.default(['systemctl', 'reset-failed', 'isc-dhcp-server']),
          restart: command.default(['systemctl', 'restart', 'isc-dhcp-server']),
          pid_file: path.default('/run/dhcpd.pid'),
        })
        .prefault({}),
      nfs: z
        .strictObject({
          export: command.default(['exportfs', '-ra']),
          restart: command.default([
            'systemctl',
            'restart',
            'rpc-statd.service',
            'nfs-server.service',
          ]),
          rpcinfo: command.default(['rpcinfo', '-p', '127.0.0.1']),
        })
        .prefault({}),
      firewall: z
        .strictObject({
          save: command.default(['iptables-save', '-t', 'filter']),
          restore: command.default(['iptables-restore', '--noflush', '-w', '5']),
        })
        .prefault({}),
      tftp: z
        .strictObject({
          restart: command.default(['systemctl', 'restart', 'tftpd-hpa']),
        })
        .prefault({}),
      controller: z
        .strictObject({
          reload: command.default(['systemctl', 'daemon-reload']),
          stop: command.default(['systemctl', 'stop', 'pifarm-controller']),
          start: command.default(['systemctl', 'start', 'pifarm-controller']),
          /** Prints `active` while it runs. */
          is_active: command.default(['systemctl', 'is-active', 'pifarm-controller']),
        })
        .prefault({}),
      log: z
        .strictObject({
          /** A file to follow; left out: journald, else /var/log/syslog, else daemon.log. */
          file: path.optional(),
        })
        .prefault({}),
    })
    .prefault({}),
  dhcp: z
    .strictObject({
      /** pifarm declares the subnet itself: where dhcpd.conf has none for it. */
      declare_subnet: z.boolean().default(false),
    })
    .prefault({}),
  firewall: z
    .strictObject({
      manage: z.boolean().default(true),
      /** Others who keep NFS and TFTP access beside the Pis. */
      nfs_clients: z.array(z.union([ipv4, subnet])).default([]),
      tftp_clients: z.array(z.union([ipv4, subnet])).default([]),
      /** Others who reach the controller beside the farm's own subnet. */
      controller_clients: z.array(z.union([ipv4, subnet])).default([]),
    })
    .prefault({}),
  defaults: z
    .strictObject({
      template: templateName.default('template'),
      model: model.default('3b'),
      gpu_mem: gpuMem.default(192),
      muxhwdec: z.boolean().default(false),
      /** The only form that both the kernel and klibc's initramfs take. */
      root_options: rootOptions.default('vers=3,tcp'),
      cmdline_extra: cmdlineExtra.optional(),
    })
    .prefault({}),
  controller: z
    .strictObject({
      enable: z.boolean().default(false),
      /** Left out: the NAS's address in the farm. */
      listen: ipv4.optional(),
      port: z.int().min(1).max(65_535).default(8080),
      /** Other controllers of the same PostgreSQL, which the Pis turn to when this one is away. */
      others: z.array(controllerUrl).max(7).default([]),
      /** The directory with the videos. */
      media: path.default('/srv/media'),
      /** A SQLite file. PostgreSQL: DATABASE_URL in /etc/pifarm/controller.env. */
      database: path.default('/var/lib/pifarm/controller/queue.db'),
      tls_cert: path.optional(),
      tls_key: path.optional(),
      /** Below `media`: what is laid there is submitted. */
      watch_folder: path.optional(),
      /** What becomes of a video once its HLS has been live for some hours. */
      tidy: z.enum(['keep', 'move', 'delete']).default('keep'),
      tidy_after_hours: z
        .int()
        .min(0)
        .max(24 * 365)
        .default(24),
      /** How long jobs that are over are remembered; 0: for ever. */
      keep_days: z.int().min(0).max(36_500).default(365),
      /** The original muxer's routes, which ask for no token. */
      legacy: z.boolean().default(false),
    })
    .prefault({}),
  pis: z.array(pi).default([]),
})
export type FarmSettings = z.infer<typeof farmSchema>
