import type { Command } from 'commander'
import { asksController, type Does, example, someAreDone } from './command.ts'

/** The agents on the Pis, as the controller knows them. */
export function muxers(program: Command, does: Does): void {
  const group = program
    .command('muxers')
    .description('the muxers: what each does, drain one, resume one')
    .exitOverride()

  const list = asksController(
    group.command('list').description('each muxer: when it was heard of, its state, its job'),
  )
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm muxers list', 'pifarm muxers list --json'))
  does(list, async () => (await import('../commands/muxers/list.ts')).list)

  const drain = asksController(
    group
      .command('drain')
      .description('let muxers finish their job and give them no other')
      .argument('<id...>'),
  )
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      example('pifarm muxers drain 3', 'pifarm muxers drain 1 2 3') + someAreDone,
    )
  does(drain, async () => (await import('../commands/muxers/change.ts')).drain, ['ids'])

  const resume = asksController(
    group
      .command('resume')
      .description('give muxers jobs again, also those that were set aside')
      .argument('<id...>'),
  )
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm muxers resume 3') + someAreDone)
  does(resume, async () => (await import('../commands/muxers/change.ts')).resume, ['ids'])
}
