import type { Command } from 'commander'
import { collect, type Does, example } from './command.ts'

/** From a bare NAS to a farm without a Pi. */
export function init(program: Command, does: Does): void {
  const command = program
    .command('init')
    .description(
      'make this machine a farm NAS: asks, writes farm.yaml, lays the base of everything',
    )
    .option('--interface <name>', 'the network interface the Pis are on')
    .option('--address <ip>', "the NAS's address there")
    .option('--subnet <cidr>', 'the network of the Pis, e.g. 10.77.0.0/24')
    .option('--gateway <ip>', 'their router; none: they reach nothing beyond their network')
    .option('--dns <ips>', 'their name servers, with commas')
    .option('--domain <name>', 'their domain')
    .option('--addresses <range>', 'what add-pi may give out, e.g. 10.77.0.50-10.77.0.99')
    .option('--template <name>', 'the template that new roots are cloned from')
    .option(
      '--set <key=value>',
      'any other setting of farm.yaml, e.g. paths.roots=/srv/roots',
      collect,
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
  does(command, async () => (await import('../commands/init/init.ts')).init)
}
