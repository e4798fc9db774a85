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

function isLocal(line: string): boolean {
  const [device = '', mountPoint, type] = line.trim().split(/\s+/)
  if (device === '' || device.startsWith('#')) return false
  return (
    /^(?:\/dev\/|(?:PART)?(?:UUID|LABEL)=)/.test(device) || mountPoint === '/' || type === 'swap'
  )
}
