import { type Command, Option } from 'commander'
import { collect, type Does, example } from './command.ts'

/** The root filesystems that new Pis are cloned from. */
export function template(program: Command, does: Does): void {
  const group = program
    .command('template')
    .description('the root filesystems that new Pis are cloned from')
    .exitOverride()

  const build = wishes(
    group
      .command('build')
      .description('build a template that Pis can boot over the network')
      .argument('[name]', "its name; left out: the farm's default template")
      .option('--from-pi <user@host>', 'from a Pi that runs from its card, over ssh')
      .option(
        '--from-image <file>',
        'from an image of Raspberry Pi OS: .img, .xz, .gz, .zst, .bz2, .zip',
      )
      .option('--from-tar <file>', 'from a root packed by tar, plain or compressed')
      .option('--from-root <name>', "from a Pi's own root, or another template")
      .option('--live', 'with --from-root: also while that Pi runs')
      .option(
        '--bootstrap [suite]',
        "from Debian's packages: bookworm or trixie; left out: bookworm",
      )
      .addOption(
        new Option('--arch <arch>', 'with --bootstrap; left out: arm64').choices([
          'arm64',
          'armhf',
          'amd64',
        ]),
      )
      .option('--mirror <url>', 'with --bootstrap: a mirror or a cache of Debian')
      .option(
        '--ssh-identity <file>',
        "with --from-pi: private key; left out: the caller's of ~/.ssh, the agent's, a password",
      )
      .option('--ssh-port <port>', 'with --from-pi: where its ssh listens')
      .option('--ssh-password-file <file>', 'with --from-pi: instead of asking for the password')
      .option('--ssh-fingerprint <sha256>', 'with --from-pi: its host key, instead of asking'),
  )
    .option('--hook-dir <dir>', 'run the executables in it inside the template')
    .option('--json', 'answer the manifest')
    .addHelpText(
      'after',
      example(
        'pifarm template build --from-image raspios-lite-arm64.img.xz',
        'pifarm template build hls --from-pi pi@10.77.0.60 --controller http://10.77.0.1:8080',
        'pifarm template build --bootstrap bookworm --arch arm64 --package git',
        'pifarm template build HLS-Muxer-Template --from-root HLSPi1',
      ),
    )
  does(build, async () => (await import('../commands/template/build.ts')).build, ['name'])

  const lint = wishes(
    group
      .command('lint')
      .description(
        'judge a template, or the root of a Pi, by what a netboot needs and what these flags ask for',
      )
      .argument('<name>'),
  )
    .option('--fix', 'mend what can be mended')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      `${example('pifarm template lint template', 'pifarm template lint HLSPi1 --fix', 'pifarm template lint hls --user ben --controller http://10.77.0.1:8080')}; 5: there are findings`,
    )
  does(lint, async () => (await import('../commands/template/lint.ts')).lint, ['name'])

  const list = group
    .command('list')
    .description(
      'the templates: source, date, release, architecture, kernel, size, the Pis that use them',
    )
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm template list', 'pifarm template list --json'))
  does(list, async () => (await import('../commands/template/list.ts')).list)

  const remove = group
    .command('remove')
    .description('delete a template that no Pi uses, for good, and take out its boot files')
    .argument('<name>')
    .addHelpText('after', example('pifarm template remove old', 'pifarm template remove old --yes'))
  does(remove, async () => (await import('../commands/template/remove.ts')).remove, ['name'])
}

/** How a template should be, the same for build and lint. */
function wishes(command: Command): Command {
  return command
    .option('--ssh-key <file>', "public key for the login; left out: the caller's", collect)
    .option('--no-ssh-key', 'lay no public key')
    .option('--user <name>', 'the login user', 'pi')
    .option(
      '--password-hash <hash>',
      'its password as `openssl passwd -6` prints it; left out: none',
    )
    .option(
      '--package <name>',
      'install this too, beside openssh-server, nodejs, ffmpeg, nfs-common',
      collect,
    )
    .option('--media <host:/path>', 'the NFS share with the videos')
    .option('--controller <url>', 'where the muxer agent asks for jobs')
}
