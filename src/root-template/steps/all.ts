import type { Step } from '../step.ts'
import { agent } from './agent/agent.ts'
import { aptTimers } from './apt-timers.ts'
import { bootFiles } from './boot-files.ts'
import { bootSecrets } from './boot-secrets.ts'
import { capabilities } from './capabilities.ts'
import { cmdline } from './cmdline.ts'
import { dns } from './dns.ts'
import { firstBoot } from './first-boot.ts'
import { fstab } from './fstab.ts'
import { hostname } from './hostname.ts'
import { identity } from './identity.ts'
import { initramfs } from './initramfs.ts'
import { journald } from './journald.ts'
import { kernelModules } from './kernel-modules.ts'
import { login } from './login.ts'
import { media } from './media.ts'
import { packages } from './packages.ts'
import { rootNic } from './root-nic.ts'
import { ssh } from './ssh.ts'
import { sshKeys } from './ssh-keys.ts'
import { swap } from './swap.ts'
import { time } from './time.ts'
import { tmpfs } from './tmpfs.ts'
import { watchdog } from './watchdog.ts'

/**
 * What makes a root filesystem a template, in the order in which it is done. What installs
 * packages comes first, for packages bring services and keys with them; what only one machine may
 * have is taken away last.
 */
export const allSteps: readonly Step[] = [
  packages,
  time,
  bootFiles,
  kernelModules,
  initramfs,
  cmdline,
  bootSecrets,
  fstab,
  tmpfs,
  swap,
  journald,
  firstBoot,
  aptTimers,
  rootNic,
  dns,
  watchdog,
  capabilities,
  ssh,
  login,
  sshKeys,
  media,
  agent,
  hostname,
  identity,
]
