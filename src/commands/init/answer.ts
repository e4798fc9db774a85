import type { z } from 'zod'
import type { Ui } from '../../ui/ui.ts'
import { flag } from '../pi-options.ts'

interface Question<S extends z.ZodType> {
  readonly flag: string
  readonly question: string
  readonly given: string | undefined
  readonly suggestion: string | undefined
  readonly schema: S
}

/** What the flag says, else what a person does; without a terminal what is suggested. */
export async function answer<S extends z.ZodType>(ui: Ui, asked: Question<S>): Promise<z.infer<S>> {
  const { schema, suggestion } = asked
  const given = asked.given ?? (ui.canAsk ? undefined : suggestion)
  const text =
    given ??
    (await ui.input(`${asked.question} (${asked.flag})`, suggestion, (typed) =>
      wrong(schema, typed),
    ))
  return flag(asked.flag, schema, text) as z.infer<S>
}

function wrong(schema: z.ZodType, typed: string): string | undefined {
  return schema.safeParse(typed).error?.issues[0]?.message
}
