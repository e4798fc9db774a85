import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'

/** Lays programs of this machine into a root filesystem, with the libraries that they load. */
export function layPrograms(root: string, paths: readonly string[]): void {
  for (const path of paths) {
    lay(root, path)
    const loads = execFileSync('ldd', [path], { encoding: 'utf8' })
    for (const [, library = ''] of loads.matchAll(/(\/\S+) \(0x/g)) lay(root, library)
  }
}

function lay(root: string, path: string): void {
  fs.mkdirSync(join(root, dirname(path)), { recursive: true })
  fs.copyFileSync(path, join(root, path))
}
