import { exitCodes, UserError } from '../../errors.ts'
import type { Reader } from '../../host/host.ts'
import type { Tools } from '../../tools.ts'

const needed = [
  'isc-dhcp-server',
  'tftpd-hpa',
  'nfs-kernel-server',
  'iptables',
  'iptables-persistent',
]

/** The Debian packages that a farm needs and this NAS lacks. */
export async function missingPackages(nas: Reader): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const format = '${Package} ${db:Status-Status}\n'
  const { stdout } = await nas.ask(['dpkg-query', '-W', '-f', format, ...needed, 'ufw'])
  const installed = new Set(
    stdout.split('\n').flatMap((line) => /^(\S+) installed$/.exec(line)?.[1] ?? []),
  )
  return (
    needed
      .filter((name) => !installed.has(name))
      // ufw and iptables-persistent exclude one another: apt would remove the person's firewall.
      .filter((name) => name !== 'iptables-persistent' || !installed.has('ufw'))
  )
}

/** Installs packages from Debian. Throws a `UserError` with apt's own last line. */
export async function installPackages(tools: Tools, packages: readonly string[]): Promise<void> {
  const display = tools.ui.steps([`install ${packages.join(' ')}`])
  display.start(0)
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  await tools.nas.run([...apt, 'update'])
  const output = await tools.nas.run([
    ...apt,
    'install',
    '-y',
    '--no-install-recommends',
    ...packages,
  ])
  if (output.code === 0) display.done(0)
  else display.fail(0, 'apt-get failed')
  await display.end()
  if (output.code !== 0)
    throw new UserError(
      `apt-get could not install them: ${output.stderr.trim().split('\n').at(-1)}`,
      {
        hint: 'install them by hand, then run `pifarm init` again',
        exitCode: exitCodes.putBack,
      },
    )
}
