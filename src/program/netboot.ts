import { type Command, Option } from 'commander'
import { type Does, example, modelOption } from './command.ts'

/** What a Pi does before it has a root. */
export function netboot(program: Command, does: Does): void {
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
  does(findSerial, async () => (await import('../commands/find-serial.ts')).findSerial)

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
        'pifarm enable-netboot-sd --device /dev/sdb --report   # a box of Pis',
        'pifarm enable-netboot-sd --device /dev/sdb --remove',
      ),
    )
  does(
    enableNetboot,
    async () => (await import('../commands/enable-netboot-sd.ts')).enableNetbootSd,
  )

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
        'pifarm simulate-boot HLSPi1 --interface eth0   # elsewhere, as root',
      ),
    )
  does(simulateBoot, async () => (await import('../commands/simulate-boot.ts')).simulateBoot, [
    'name',
  ])
}
