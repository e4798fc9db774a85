import { readFileSync } from 'node:fs'
import { packageFile } from './package-file.ts'

/** pifarm's own version, as package.json has it. */
export function version(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string })
    .version
}
