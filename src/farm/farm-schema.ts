import * as z from 'zod'
import {
  addressRange,
  cmdlineExtra,
  controllerUrl,
  gpuMem,
  hostName,
  ipv4,
  licenceKey,
  mac,
  model,
  muxId,
  path,
  rootOptions,
  serial,
  subnet,
  templateName,
} from './schema.ts'

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

/** An entry of `pis`. */
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

/** The shape of farm.yaml, which `add-pi` and people write. */
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
