import ipaddr from 'ipaddr.js'
import * as z from 'zod'

/**
 * What single values may be, and the only place where the branded types are made. Their narrow
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
