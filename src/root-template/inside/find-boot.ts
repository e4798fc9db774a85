import type { Entry, Reader } from '../../host/host.ts'

/** Where a root filesystem has what a Pi asks its TFTP server for. */
export interface Boot {
  /** `<root>/boot/firmware` (Debian 12 and later) or `<root>/boot`. */
  readonly boot: string
  readonly bootEntries: ReadonlyMap<string, Entry['kind']>
}

/** Finds the boot files below a root; '' is the top of a Tree. Undefined: there are none. */
export async function findBoot(
  reader: Pick<Reader, 'list' | 'read'>,
  root: string,
): Promise<Boot | undefined> {
  // firmware first: since Debian 12, boot itself holds a stub of config.txt that says where it went.
  for (const boot of [`${root}/boot/firmware`, `${root}/boot`]) {
    // A link would be copied as a link, and lead the TFTP server nowhere.
    if ((await reader.read(boot))?.kind !== 'dir') continue
    const bootEntries = await reader.list(boot)
    const names = [...(bootEntries?.keys() ?? [])]
    if (bootEntries !== undefined && names.some(isFirmware)) return { boot, bootEntries }
  }
  return undefined
}

function isFirmware(name: string): boolean {
  return /^(?:config\.txt|bootcode\.bin|start.*\.elf)$/.test(name)
}
