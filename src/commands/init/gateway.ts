import * as z from 'zod'
import { addressProblem } from '../../farm/addresses.ts'
import { farmSchema } from '../../farm/farm-schema.ts'
import type { Ipv4, Subnet } from '../../farm/schema.ts'
import type { Ui } from '../../ui/ui.ts'
import { answer } from './answer.ts'
import type { Survey } from './survey.ts'

interface Network {
  /** Of the interface that the Pis are on. */
  readonly name: string
  readonly subnet: Subnet
}

/**
 * The Pis' router: the one of the NAS where they reach it, else it is asked for. There may be none, and
 * the NAS may be it: both have to be said, for Pis that miss one fail later, at their clock or a package.
 */
export async function askGateway(
  ui: Ui,
  given: string | undefined,
  { name, subnet }: Network,
  { gateways }: Survey,
): Promise<Ipv4 | undefined> {
  const schema = gatewayIn(subnet)
  const found = gateways.get(name)
  const wrong =
    found === undefined
      ? `${name} has no default route`
      : schema.safeParse(found).error?.issues[0]?.message
  if (given === undefined && wrong !== undefined) {
    const why = `${wrong}: without a router the Pis reach nothing beyond ${subnet}, no time server and no packages of Debian`
    if (!ui.canAsk) {
      ui.warn(`${why}; name it with --gateway, or say --gateway none`)
      return undefined
    }
    ui.say(`${why}. This NAS may be it, where it forwards for them.`)
  }
  return await answer(ui, {
    flag: '--gateway',
    question: 'Their router, or none',
    given: given ?? (wrong === undefined ? found : undefined),
    suggestion: 'none',
    schema,
  })
}

function gatewayIn(subnet: Subnet) {
  const inside = farmSchema.shape.network.shape.gateway.superRefine((address, { addIssue }) => {
    const message = address && addressProblem(subnet, address)
    if (message) addIssue({ code: 'custom', message })
  })
  return z.preprocess((text) => (text === 'none' ? undefined : text), inside)
}
