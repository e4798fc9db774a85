import { type Command, Option } from 'commander'
import { type Does, example } from './command.ts'

/** Hands out the work: the controller itself. */
export function controller(program: Command, does: Does): void {
  const serve = program
    .command('controller')
    .description('hand out jobs to the muxers: the API, and the page for people')
    .option('--listen <address>', "where to listen; left out: farm.yaml's, else 127.0.0.1")
    .option('--port <port>', "left out: farm.yaml's, else 8080")
    .option('--media <dir>', 'the directory with the videos')
    .option('--db <file>', 'a SQLite file; left out: DATABASE_URL, else in the state directory')
    .option(
      '--state <dir>',
      "where tokens and queue are; without --config a controller apart from the farm; left out: farm.yaml's",
    )
    .option('--tls-cert <file>', 'serve HTTPS with this certificate, in PEM')
    .option('--tls-key <file>', 'and its private key')
    .option(
      '--rate-limit <n>',
      'requests a minute that one address, or one muxer, may make',
      '3000',
    )
    .option('--watch-folder <dir>', 'below the media directory: submit videos laid there')
    .addOption(
      new Option('--tidy <policy>', 'what becomes of a video whose HLS is live').choices([
        'keep',
        'move',
        'delete',
      ]),
    )
    .option('--tidy-after <hours>', "after how long; left out: farm.yaml's, else 24")
    .option(
      '--keep-days <n>',
      "forget jobs so long after their end; 0: never; left out: farm.yaml's, else 365",
    )
    .option('--legacy', "also the original muxer's routes, which ask for no token")
    .addHelpText(
      'after',
      example(
        'pifarm controller',
        'pifarm controller --state DIR --listen 10.77.0.1 --port 8080 --media /srv/media',
        'DATABASE_URL=postgresql://pifarm@db/pifarm pifarm controller --state DIR --media /srv/media',
      ),
    )
  does(serve, async () => (await import('../commands/controller/serve.ts')).serve)
}
