/**
 * A template's fstab as a Pi without a card can use it: lines of local disks and swap are left
 * out, for the boot would wait for them, and so is a line for `/`, which the kernel has mounted
 * and systemd would mount again. Every other line is kept to the byte.
 */
export function withoutLocalDisks(fstab: string): string {
  return fstab
    .split('\n')
    .filter((line) => !isLocal(line))
    .join('\n')
}

/** Whether a line of fstab is of a disk that a Pi without a card does not have. */
export function isLocal(line: string): boolean {
  const [device = '', mountPoint, type] = line.trim().split(/\s+/)
  if (device === '' || device.startsWith('#')) return false
  return (
    /^(?:\/dev\/|(?:PART)?(?:UUID|LABEL)=)/.test(device) || mountPoint === '/' || type === 'swap'
  )
}

/** The fields of the line that mounts something at this place; undefined where there is none. */
export function mountedAt(fstab: string, mountPoint: string): readonly string[] | undefined {
  for (const line of fstab.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (!line.trim().startsWith('#') && fields[1] === mountPoint) return fields
  }
  return undefined
}
