import * as z from 'zod'
import { farmSchema } from './farm-schema.ts'

/** The shape of farm.yaml for editors, as docs/farm.schema.json has it. */
export function farmJsonSchema(): string {
  const schema = z.toJSONSchema(farmSchema, { io: 'input' })
  return `${JSON.stringify({ title: 'farm.yaml of pifarm', ...schema }, undefined, 2)}\n`
}
