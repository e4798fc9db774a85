import { fileURLToPath } from 'node:url'

/**
 * A file of the installed package, by its path in there. This module lies right below the package's
 * directory both in src/ and, as part of a chunk, in dist/.
 */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}
