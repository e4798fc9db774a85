import { type Command, Option } from 'commander'
import { asksController, collect, type Does, example, someAreDone } from './command.ts'

/** The queue, for people. */
export function jobs(program: Command, does: Does): void {
  const group = program
    .command('jobs')
    .description('the queue: submit videos, look after them, move it to another database')
    .exitOverride()

  const submit = asksController(
    group
      .command('submit')
      .description('put videos into the queue')
      .argument('<file...>', 'below the media directory'),
  )
    .option('--muxid <id>', 'only this muxer may take it')
    .option('--priority <n>', '0 to 100, higher goes first; left out: 50')
    .option('--ladder <ladder>', 'profile, multiplier:1,0.5 or 1080:5000,480:1200')
    .option('--label <label>', 'only a muxer that has this label', collect)
    .option('--not-before <time>', 'a span such as 8h, or 2026-12-24T22:00:00+01:00')
    .addOption(new Option('--segments <kind>', 'left out: ts').choices(['ts', 'fmp4']))
    .option('--encrypt', 'with AES-128')
    .option('--replace', 'where its HLS directory is there already')
    .option('--webhook <url>', 'told when it is ready, or failed')
    .option('--media <dir>', "where the media directory is here; left out: farm.yaml's")
    .option('--wait', 'show how far they are until all are over; 0 only when all are ready')
    .option('--json', 'answer the jobs in JSON')
    .addHelpText(
      'after',
      `${example(
        'pifarm jobs submit /srv/media/holiday.mp4',
        'pifarm jobs submit --wait --priority 80 /srv/media/films/*.mkv',
        'pifarm jobs submit --ladder 720:2500,360:700 --label mpeg2 --not-before 8h talk.ts',
        'pifarm jobs submit --controller http://nas:8080 --token-file ~/.pifarm films/a.mp4',
      )}; 4: only some are submitted, with --wait: some are not ready; 130: Ctrl-C, they go on`,
    )
  does(submit, async () => (await import('../commands/jobs/submit.ts')).submit, ['files'])

  const list = asksController(group.command('list').description('jobs, newest first'))
    .option('--state <state>', 'queued, leased, done, failed, dead or cancelled')
    .option('--muxer <id>', 'at work on it, or meant for it alone')
    .option('--search <text>', 'part of the path')
    .option('--limit <n>', 'no more than these', '50')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      example('pifarm jobs list', 'pifarm jobs list --state failed --search films/ --json'),
    )
  does(list, async () => (await import('../commands/jobs/list.ts')).list)

  const show = asksController(
    group
      .command('show')
      .description('one job: its settings, its result, each attempt with its ffmpeg line')
      .argument('<id>'),
  )
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm jobs show 12'))
  does(show, async () => (await import('../commands/jobs/show.ts')).show, ['id'])

  const log = asksController(
    group.command('log').description('what ffmpeg last wrote, attempt by attempt').argument('<id>'),
  ).addHelpText('after', example('pifarm jobs log 12'))
  does(log, async () => (await import('../commands/jobs/log.ts')).log, ['id'])

  const cancel = asksController(
    group
      .command('cancel')
      .description('take jobs back; a muxer at work on one is told to stop')
      .argument('<id...>'),
  )
    .option('--json', 'answer the jobs in JSON')
    .addHelpText(
      'after',
      example('pifarm jobs cancel 12', 'pifarm jobs cancel 12 13 14') + someAreDone,
    )
  does(cancel, async () => (await import('../commands/jobs/change.ts')).cancel, ['ids'])

  const retry = asksController(
    group
      .command('retry')
      .description('queue jobs again that failed, are dead or cancelled; a waiting one at once')
      .argument('<id...>'),
  )
    .option('--json', 'answer the jobs in JSON')
    .addHelpText('after', example('pifarm jobs retry 12') + someAreDone)
  does(retry, async () => (await import('../commands/jobs/change.ts')).retry, ['ids'])

  const move = (command: Command): Command =>
    command
      .argument('<file>')
      .option('--db <file>', "a SQLite file; left out: DATABASE_URL, else the controller's")

  const exported = move(
    group.command('export').description('write the queue into a new file, for another database'),
  ).addHelpText(
    'after',
    example(
      'systemctl stop pifarm-controller; pifarm jobs export queue.jsonl',
      'DATABASE_URL=postgresql://pifarm@db/pifarm pifarm jobs export queue.jsonl',
    ),
  )
  does(exported, async () => (await import('../commands/jobs/move.ts')).exportJobs, ['file'])

  const imported = move(
    group
      .command('import')
      .description('fill a new database with an exported queue; muxers at work go on'),
  ).addHelpText(
    'after',
    example(
      'pifarm jobs import queue.jsonl',
      'DATABASE_URL=postgresql://pifarm@db/pifarm pifarm jobs import queue.jsonl',
    ),
  )
  does(imported, async () => (await import('../commands/jobs/move.ts')).importJobs, ['file'])
}
