import { dirname } from 'node:path'
import type { Farm } from '../../farm/farm.ts'
import type { Output } from '../../host/host.ts'
import type { Check, Trial } from '../../plan/change.ts'
import type { Include } from './facts.ts'

/** What is there now, judged before anything else: pifarm does not build on a broken file. */
export function baselineCheck(farm: Farm): Check {
  const { dhcpd_conf, dhcp } = farm.paths
  return {
    why: `${dhcpd_conf} is good as it is`,
    staged: [],
    argv: [...farm.services.dhcp.test, dhcpd_conf],
    judge: (output) => {
      const wrong = complaint(output, dhcpd_conf)
      if (wrong === undefined) return wrong
      // pifarm's own file, damaged or deleted, is what this run puts right.
      if (dhcp !== dhcpd_conf && wrong.startsWith(`${dhcp} `)) return undefined
      return `${dhcpd_conf} was already broken before pifarm: ${wrong}`
    },
    hint: `mend it, then run ${farm.services.dhcp.test.join(' ')} ${dhcpd_conf}`,
  }
}

/**
 * What is wanted, as dhcpd would read it. The staged files lie beside dhcpd.conf, since AppArmor
 * lets dhcpd read nothing outside /etc/dhcp; the includes lead to the staged ones.
 */
export function candidateCheck(
  farm: Farm,
  wanted: { readonly own: string | undefined; readonly conf: string },
  includes: readonly Include[],
): Check {
  const { dhcpd_conf, dhcp } = farm.paths
  const real = new Map<string, string>()
  const staged: { path: string; text: string }[] = []

  function stage(path: string, text: string): string {
    const staging = `${dirname(dhcpd_conf)}/.pifarm-check-${staged.length}.conf`
    real.set(staging, path)
    staged.push({ path: staging, text })
    return staging
  }

  let top = wanted.own === undefined ? stage(dhcpd_conf, wanted.conf) : stage(dhcp, wanted.own)
  for (const { file, text, from, to } of includes.toReversed())
    top = stage(file, `${text.slice(0, from)}"${top}"${text.slice(to)}`)
  return {
    why: `dhcpd accepts ${dhcpd_conf}`,
    staged,
    argv: [...farm.services.dhcp.test, top],
    judge: (output) => complaint({ ...output, stderr: renamed(output.stderr, real) }, dhcpd_conf),
  }
}

/** Whether dhcpd takes the files as they lie. */
export function trialOf(farm: Farm): Trial {
  const { dhcpd_conf } = farm.paths
  const argv = [...farm.services.dhcp.test, dhcpd_conf]
  return { argv, complaint: complaintLine, crash: crashedOn(dhcpd_conf) }
}

/** It stands below a banner and above a farewell. */
const complaintLine = String.raw`^\S+ line \d+: .*$|^Can't open \S+: .*$`

/** What dhcpd says is wrong: `FILE line N: MESSAGE`, or which file it cannot open. */
function complaint({ code, stderr }: Output, file: string): string | undefined {
  if (code === 0) return undefined
  if (code >= 128) return crashedOn(file)
  // With -q dhcpd 4.4.3 keeps even its errors to itself.
  const line = new RegExp(complaintLine, 'm').exec(stderr)?.[0]
  if (line === undefined) return `${file} is refused by dhcpd: exit status ${code}`
  return line.replace(/^Can't open (\S+): /, '$1 cannot be opened: ')
}

/** It overflows its stack, and says nothing. */
function crashedOn(file: string): string {
  return `dhcpd crashes on ${file}: does a file include itself there?`
}

function renamed(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/\S*\/\.pifarm-check-\d+\.conf/g, (staging) => names.get(staging) ?? staging)
}
