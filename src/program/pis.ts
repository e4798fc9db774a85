import type { Command } from 'commander'
import { collect, type Does, example, modelOption } from './command.ts'

/** The Pis of a farm: into it, out of it, other settings. */
export function pis(program: Command, does: Does): void {
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
  does(addPi, async () => (await import('../commands/add-pi.ts')).addPi)

  const setPi = settings(
    'set',
    program
      .command('set-pi')
      .description('change the settings of a Pi')
      .argument('<name>')
      .option('--name <new>', 'another host name: its root moves, with what it wrote')
      .option('--mac <mac>', 'its MAC address: for a replaced board'),
  )
    .option('--unset <key>', 'back to the default of the farm, e.g. gpu_mem', collect)
    .option('--plan', 'show what would be done and do nothing')
    .addHelpText(
      'after',
      example(
        'pifarm set-pi HLSPi1 --muxid 4 --gpu-mem 256',
        'pifarm set-pi HLSPi1 --unset gpu_mem',
        'pifarm set-pi HLSPi1 --name kitchen',
      ),
    )
  does(setPi, async () => (await import('../commands/set-pi.ts')).setPi, ['pi'])

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
  does(removePi, async () => (await import('../commands/remove-pi.ts')).removePi, ['name'])

  const list = program
    .command('list')
    .description('the Pis of the farm')
    .option('--json', 'answer in JSON')
    .addHelpText('after', example('pifarm list', 'pifarm list --json'))
  does(list, async () => (await import('../commands/list.ts')).list)
}

/** The settings of one Pi, the same for add-pi and set-pi. */
function settings(verb: 'add' | 'set', command: Command): Command {
  const leftOut = (what: string) => (verb === 'add' ? `; left out: ${what}` : '')
  return command
    .option('--serial <serial>', `8 hex digits${leftOut('found in the log')}`)
    .option('--ip <address>', `its address${leftOut('the next free one')}`)
    .option('--muxid <n>', `its number for the controller${leftOut('the next free one')}`)
    .option(
      '--template <name>',
      verb === 'add' ? 'what its root is cloned from' : 'the one its root is cloned from: no other',
    )
    .addOption(modelOption())
    .option('--muxhwdec', 'the muxer may decode in hardware')
    .option('--no-muxhwdec', 'it decodes in software')
    .option('--gpu-mem <mb>', 'memory of the GPU in MB')
    .option('--decode-mpg2 <key>', 'MPEG-2 licence key of its serial, e.g. 0x12345678')
    .option('--decode-wvc1 <key>', 'VC-1 licence key of its serial')
    .option('--root-options <options>', 'NFS options of its root, e.g. vers=3,tcp')
    .option('--cmdline-extra <words>', 'further words for its kernel command line')
}
