import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { farmJsonSchema } from '../src/farm/json-schema.ts'

/** Writes docs/farm.schema.json: `npm run schema`. */
const target = fileURLToPath(new URL('farm.schema.json', import.meta.url))
await writeFile(target, farmJsonSchema())
