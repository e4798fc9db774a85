import { type ChrootTools, runInside } from './chroot.ts'
import type { Tree } from './tree.ts'

/** A root filesystem that lies on the NAS. */
export function treeOnDisk(tools: ChrootTools): Tree {
  const { files, nas } = tools
  return {
    top: files.top,
    read: (path) => files.read(path),
    list: (dir) => files.list(dir),
    put: (path, entry) => files.put(path, entry),
    removeTree: (path) => files.removeTree(path),
    ask: (argv, input) => nas.ask(argv, input),
    run: (argv, status) => runInside(tools, argv, { status }),
  }
}
