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
    .option('--list', 'show the recorded runs and which of them can still be taken back')
    .option('--json', 'with --list: answer in JSON')
    .addHelpText('after', example('pifarm undo', 'pifarm undo --list'))
  does(undo, async () => (await import('../commands/undo.ts')).undo)

  const status = program
    .command('status')
    .description('whether anything is half done, and every part serves what farm.yaml says')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      `${example('pifarm status', 'pifarm status --json')}
  0 all as farm.yaml says · 4 something is wrong that apply does not mend
  5 changes are pending, or a run was cut off`,
    )
  does(status, async () => (await import('../commands/status.ts')).status)
}
