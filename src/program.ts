import { resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { exitCodes } from './errors.ts'
import type { Tools } from './tools.ts'
import { version } from './version.ts'

/** Makes the real tools when a command is about to run; `yes` means that nothing may be asked. */
export type MakeTools = (yes: boolean) => Promise<Tools>

const exitCodeHelp = `
Exit status:
  0 done                       4 failed, needs hands (says where)
  1 a bug in pifarm            5 plan --exit-code: changes pending
  2 wrong usage or farm.yaml   6 another run holds the lock
  3 failed, all put back       7 declined           130 interrupted`

/** Every command and flag in one place. Handlers are imported only when they run: startup counts. */
export async function run(argv: readonly string[], makeTools: MakeTools): Promise<number> {
  let exitCode: number = exitCodes.done
  const program = new Command('pifarm')
    .description(
      'Network-booted Raspberry Pis from one Debian NAS: root, NFS, DHCP, TFTP, firewall',
    )
    .version(version(), '-V, --version')
    .option('-c, --config <file>', 'the farm', '/etc/pifarm/farm.yaml')
    .option('-y, --yes', 'answer every question with yes, take every default')
    .addHelpText('after', exitCodeHelp)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()

  /** Binds a command to its handler: options in, exit code out. */
  function does<O>(
    command: Command,
    load: () => Promise<(tools: Tools, options: O & Shared) => Promise<number>>,
    named: readonly string[] = [],
  ): void {
    command.exitOverride().action(async (...args: unknown[]) => {
      const options = command.optsWithGlobals()
      // Records name it, and are read from another directory.
      options.config = resolve(options.config)
      named.forEach((name, index) => {
        options[name] = args[index]
      })
      const tools = await makeTools(options.yes === true)
      const handler = await load()
      exitCode = await handler(tools, options as O & Shared)
    })
  }

  const init = program
    .command('init')
    .description(
      'make this machine a farm NAS: asks, writes farm.yaml, lays the base of everything',
    )
    .option('--interface <name>', 'the network interface the Pis are on')
    .option('--address <ip>', "the NAS's address there")
    .option('--subnet <cidr>', 'the network of the Pis, e.g. 10.77.0.0/24')
    .option('--gateway <ip>', 'their router')
    .option('--dns <ips>', 'their name servers, with commas')
    .option('--domain <name>', 'their domain')
    .option('--addresses <range>', 'what add-pi may give out, e.g. 10.77.0.50-10.77.0.99')
    .option('--template <name>', 'the template that new roots are cloned from')
    .option(
      '--set <key=value>',
      'any other setting of farm.yaml, e.g. paths.roots=/srv/roots',
      collect,
      [],
    )
    .option('--declare-subnet', 'pifarm declares the subnet to dhcpd')
    .option('--no-declare-subnet', 'dhcpd.conf declares it')
    .option('--install', 'install missing Debian packages')
    .option('--no-install', 'go on without them')
    .addHelpText(
      'after',
      example(
        'pifarm init',
        'pifarm init --yes --addresses 10.77.0.50-10.77.0.99 --set firewall.manage=false',
      ),
    )
  does(init, async () => (await import('./commands/init/init.ts')).init)

  const addPi = settings(
    'add',
    program
      .command('add-pi')
      .description('put a Raspberry Pi into the farm')
      .requiredOption('--mac <mac>', 'its MAC address')
      .option('--name <name>', 'its host name; left out: the next free one'),
  )
    .option('--no-wait', 'without --serial: leave the Pi pending instead of waiting for it')
    .option('--timeout <seconds>', 'how long to wait for it')
    .option('--plan', 'show what would be done and do nothing')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      example(
        'pifarm add-pi --mac b8:27:eb:33:34:7a --name HLSPi1',
        'pifarm add-pi --mac b8:27:eb:33:34:7a --name HLSPi1 --serial 3333347a --muxhwdec',
      ),
    )
  does(addPi, async () => (await import('./commands/add-pi.ts')).addPi)

  const setPi = settings(
    'set',
    program
      .command('set-pi')
      .description('change the settings of a Pi')
      .argument('<name>')
      .option('--mac <mac>', 'its MAC address: for a replaced board'),
  )
    .option('--unset <key>', 'back to the default of the farm, e.g. gpu_mem', collect, [])
    .option('--plan', 'show what would be done and do nothing')
    .addHelpText(
      'after',
      example(
        'pifarm set-pi HLSPi1 --muxid 4 --gpu-mem 256',
        'pifarm set-pi HLSPi1 --unset gpu_mem',
      ),
    )
  does(setPi, async () => (await import('./commands/set-pi.ts')).setPi, ['name'])

  const removePi = program
    .command('remove-pi')
    .description('take a Pi out of the farm; its root is kept aside')
    .argument('<name>')
    .option('--purge', 'delete its root and its identity for good')
    .option('--plan', 'show what would be done and do nothing')
    .addHelpText(
      'after',
      example('pifarm remove-pi HLSPi1', 'pifarm remove-pi HLSPi1 --purge --yes'),
    )
  does(removePi, async () => (await import('./commands/remove-pi.ts')).removePi, ['name'])

  const list = program
    .command('list')
    .description('the Pis of the farm')
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm list', 'pifarm list --json'))
  does(list, async () => (await import('./commands/list.ts')).list)

  const plan = program
    .command('plan')
    .description('show what apply would do, file by file')
    .option('--exit-code', 'end with 5 when changes are pending')
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm plan', 'pifarm plan --exit-code'))
  does(plan, async () => (await import('./commands/plan.ts')).plan)

  const apply = program
    .command('apply')
    .description('make the NAS what farm.yaml says')
    .addHelpText('after', example('pifarm apply', 'pifarm apply --yes'))
  does(apply, async () => (await import('./commands/apply.ts')).apply)

  const undo = program
    .command('undo')
    .description('take back the last run, shown as a plan first; again: the one before')
    .option('--plan', 'show what would be done and do nothing')
    .addHelpText('after', example('pifarm undo'))
  does(undo, async () => (await import('./commands/undo.ts')).undo)

  const findSerial = program
    .command('find-serial')
    .description('print the serial of each new Pi that asks to boot: from the log and from DHCP')
    .option('--mac <mac>', 'only that board')
    .addOption(
      new Option(
        '--since <time>',
        'what the log knows since then, e.g. 10m, or all; then end',
      ).conflicts('follow'),
    )
    .option('--follow', 'only what comes from now on')
    .option('--timeout <seconds>', 'give up after that long')
    .option('--count <n>', 'end after so many serials')
    .option('--all', 'also Pis that are in the farm already')
    .addOption(new Option('--log <file>', 'the log to read').conflicts('journal'))
    .option('--journal', 'read the journal, whatever else there is')
    .option('--fix', 'make tftpd-hpa log its requests where it does not')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      example(
        'pifarm find-serial',
        'pifarm find-serial --count 1 --timeout 120',
        'pifarm find-serial --since 2h --all',
      ),
    )
  does(findSerial, async () => (await import('./commands/find-serial.ts')).findSerial)

  const enableNetboot = program
    .command('enable-netboot-sd')
    .description('let a Pi boot from the network: by a card, or on the running Pi')
    .option('--boot-dir <dir>', 'the mounted boot partition of a card')
    .option('--device <dev>', 'the card, e.g. /dev/sdb; left out: asks which')
    .option('--image <file>', 'an image that a card will be written from')
    .option(
      '--ssh <user@host>',
      'a running Pi: sets it, restarts it, verifies, and prints what it is',
    )
    .option('--key <file>', 'with --ssh: the private key; left out: ~/.ssh, agent, password')
    .option('--model <model>', 'the board, e.g. 3b; with --ssh it is found out')
    .option('--remove', 'take out again what this command put in')
    .option('--report', 'the card also tells this NAS the MAC and serial of each Pi it is put into')
    .option('--listen <ip:port>', 'with --report: where to listen; left out: the NAS, a free port')
    .option('--count <n>', 'with --report: end after so many Pis')
    .option('--timeout <seconds>', 'how long to wait for a restart, or for reports')
    .option('--bootcode-only', 'a card with only bootcode.bin, which stays in the Pi')
    .option('--bootcode <file>', "with --bootcode-only: left out: the TFTP directory's")
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      example(
        'pifarm enable-netboot-sd                              # asks which card',
        'pifarm enable-netboot-sd --boot-dir /media/me/bootfs',
        'pifarm enable-netboot-sd --image raspios.img --yes',
        'pifarm enable-netboot-sd --ssh pi@10.77.0.52          # also for a Pi 4 or 5',
        'pifarm enable-netboot-sd --device /dev/sdb --report   # a box of Pis, one after another',
        'pifarm enable-netboot-sd --device /dev/sdb --remove',
      ),
    )
  does(enableNetboot, async () => (await import('./commands/enable-netboot-sd.ts')).enableNetbootSd)

  const simulateBoot = program
    .command('simulate-boot')
    .description('boot as a Pi would, against the live servers, and say where it would stop')
    .argument('[name]')
    .option('--mac <mac>', 'any board by its MAC address')
    .option('--serial <serial>', 'its serial, 8 hex digits')
    .addOption(modelOption())
    .option('--interface <name>', 'not on the NAS: where this machine plays the Pi')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      example(
        'pifarm simulate-boot HLSPi1',
        'pifarm simulate-boot --mac dc:a6:32:01:36:c2 --serial 9ffefdef --model 4',
      ),
    )
  does(simulateBoot, async () => (await import('./commands/simulate-boot.ts')).simulateBoot, [
    'name',
  ])

  const template = program
    .command('template')
    .description('the root filesystems that new Pis are cloned from')
    .exitOverride()

  const templateBuild = wishes(
    template
      .command('build')
      .description('build a template that Pis can boot over the network')
      .argument('[name]', "its name; left out: the farm's default template")
      .option('--from-pi <user@host>', 'from a Pi that runs from its card, over ssh')
      .option('--from-image <file>', 'from an image of Raspberry Pi OS: .img, .xz, .gz, .zst, .zip')
      .option('--from-tar <file>', 'from a root packed by tar, plain or compressed')
      .option('--from-root <name>', "from a Pi's own root")
      .option('--live', 'with --from-root: also while that Pi runs')
      .option('--bootstrap [suite]', "from Debian's packages: bookworm or trixie")
      .addOption(
        new Option('--arch <arch>', 'with --bootstrap').choices(['arm64', 'armhf', 'amd64']),
      )
      .option('--mirror <url>', 'with --bootstrap: a mirror or a cache of Debian')
      .option(
        '--ssh-identity <file>',
        'with --from-pi: private key; left out: the agent, a password',
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
  does(templateBuild, async () => (await import('./commands/template/build.ts')).build, ['name'])

  const templateLint = wishes(
    template
      .command('lint')
      .description('judge a template, or the root of a Pi, by what a netboot needs')
      .argument('<name>'),
  )
    .option('--fix', 'mend what can be mended')
    .option('--json', 'answer in JSON')
    .addHelpText(
      'after',
      `${example('pifarm template lint template', 'pifarm template lint HLSPi1 --fix')}; 5: there are findings`,
    )
  does(templateLint, async () => (await import('./commands/template/lint.ts')).lint, ['name'])

  const templateList = template
    .command('list')
    .description('the templates: source, date, release, kernel, size, the Pis that use them')
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm template list', 'pifarm template list --json'))
  does(templateList, async () => (await import('./commands/template/list.ts')).list)

  const templateRemove = template
    .command('remove')
    .description('delete a template that no Pi uses')
    .argument('<name>')
    .addHelpText('after', example('pifarm template remove old', 'pifarm template remove old --yes'))
  does(templateRemove, async () => (await import('./commands/template/remove.ts')).remove, ['name'])

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // commander has printed its message; --help and --version end with 0.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  }
  return exitCode
}

/** What every handler gets beside its own options. */
export interface Shared {
  readonly config: string
  readonly yes?: true
}

/** The settings of one Pi, the same for add-pi and set-pi. */
function settings(verb: 'add' | 'set', command: Command): Command {
  const leftOut = (what: string) => (verb === 'add' ? `; left out: ${what}` : '')
  return command
    .option('--serial <serial>', `8 hex digits${leftOut('found in the log')}`)
    .option('--ip <address>', `its address${leftOut('the next free one')}`)
    .option('--muxid <n>', `its number for the controller${leftOut('the next free one')}`)
    .option('--template <name>', 'what its root is cloned from')
    .addOption(modelOption())
    .option('--muxhwdec', 'decode MPEG-2 in hardware')
    .option('--no-muxhwdec', 'decode in software')
    .option('--gpu-mem <mb>', 'memory of the GPU in MB')
    .option('--decode-mpg2 <key>', 'MPEG-2 licence key of its serial, e.g. 0x12345678')
    .option('--decode-wvc1 <key>', 'VC-1 licence key of its serial')
    .option('--root-options <options>', 'NFS options of its root, e.g. vers=3,tcp')
    .option('--cmdline-extra <words>', 'further words for its kernel command line')
}

function modelOption(): Option {
  return new Option('--model <model>', 'the board').choices(['3b', '3b+', '4', '400', 'cm4', '5'])
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
    .option('--package <name>', 'install this too, beside nodejs, ffmpeg, nfs-common', collect)
    .option('--media <host:/path>', 'the NFS share with the videos')
    .option('--controller <url>', 'where the muxer agent asks for jobs')
}

function collect(value: string, before: readonly string[] | true = []): readonly string[] {
  // true is what `--no-...` of the same name leaves as the default.
  return before === true ? [value] : [...before, value]
}

function example(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n\nExit status: see pifarm --help`
}
