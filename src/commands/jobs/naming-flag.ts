import { FieldRefused } from '../../controller/client/controller-client.ts'
import type { UserError } from '../../errors.ts'
import { wishFlags } from './wish-flags.ts'

/** Tells a refusal that a flag would have prevented by that flag: the controller names its own field. */
export function namingFlag(tell: (message: string, flag: string) => UserError) {
  return (error: unknown): never => {
    throw error instanceof FieldRefused ? tell(error.message, wishFlags[error.field]) : error
  }
}
