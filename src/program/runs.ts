import type { Command } from 'commander'
import { type Does, example } from './command.ts'

/** What is wished against what is there, for the whole farm. */
export function runs(program: Command, does: Does): void {
  const plan = program
    .command('plan')
    .description('show what apply would do, file by file')
    .option('--exit-code', 'end with 5 when changes are pending')
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm plan', 'pifarm plan --exit-code'))
  does(plan, async () => (await import('../commands/plan.ts')).plan)

  const apply = program
    .command('apply')
    .description('make the NAS what farm.yaml says')
    .addHelpText('after', example('pifarm apply', 'pifarm apply --yes'))
  does(apply, async () => (await import('../commands/apply.ts')).apply)

  const undo = program
    .command('undo')
    .description('take back the last run, shown as a plan first; again: the one before')
    .option('--plan', 'show what would be done and do nothing')
    .addHelpText('after', example('pifarm undo'))
  does(undo, async () => (await import('../commands/undo.ts')).undo)
}
