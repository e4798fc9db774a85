import type { Lab, Output, RunOptions } from './lab.ts'

/** What differs from a Debian NAS: there is no systemd, and the log is a file. */
const settings = (lab: Lab) => ({
  'services.dhcp.restart': JSON.stringify([lab.service('isc-dhcp-server'), 'restart']),
  'services.dhcp.reset': '["true"]',
  'services.nfs.restart': JSON.stringify([lab.service('nfs-server'), 'restart']),
  'services.log.file': '/var/log/syslog',
})

export function initArgs(lab: Lab): string[] {
  return [
    ...['init', '--yes', '--no-install', '--interface', 'eth0', '--gateway', '10.77.0.1'],
    ...['--addresses', '10.77.0.50-10.77.0.99'],
    ...Object.entries(settings(lab)).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]
}

/** Makes the NAS of the lab a farm with `pifarm init`. */
export async function initFarm(lab: Lab, options: RunOptions = {}): Promise<Output> {
  const output = await lab.pifarm(initArgs(lab), options)
  if (output.code !== 0) throw new Error(`pifarm init ended with ${output.code}:\n${output.stderr}`)
  return output
}
