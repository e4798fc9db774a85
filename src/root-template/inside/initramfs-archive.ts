import { gzipsIn } from './gzip.ts'

const cpioMagic = '070701'
/** By their names in the archive; a zero byte ends each. */
const parts = {
  nfsmount: 'bin/nfsmount\0',
  'the script for NFS roots': 'scripts/nfs\0',
  'the module nfs': '/fs/nfs/nfs.ko',
} as const

/** What it lacks to mount an NFS root; undefined where it is packed in a way that is not read here. */
export function lacksForNfs(packed: Buffer): readonly string[] | undefined {
  const archive = [...gzipsIn(packed)].find((unpacked) => unpacked.includes(cpioMagic))
  if (archive === undefined) return undefined
  return Object.entries(parts)
    .filter(([, name]) => !archive.includes(name))
    .map(([part]) => part)
}
