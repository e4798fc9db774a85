import { dirname } from 'node:path'
import type { Farm } from '../../farm/farm.ts'
import type { Output } from '../../host/host.ts'
import type { Check } from '../../plan/change.ts'
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

/** What dhcpd says is wrong: `FILE line N: MESSAGE`, below a banner and above a farewell. */
function complaint({ code, stderr }: Output, file: string): string | undefined {
  if (code === 0) return undefined
  const cannotOpen = /^Can't open (\S+): (.*)$/m.exec(stderr)
  // It overflows its stack, and says nothing.
  if (code >= 128) return `dhcpd crashes on ${file}: does a file include itself there?`
  if (cannotOpen) return `${cannotOpen[1]} cannot be opened: ${cannotOpen[2]}`
  // With -q dhcpd 4.4.3 keeps even its errors to itself.
  const line = /^\S+ line \d+: .*$/m.exec(stderr)?.[0]
  return line ?? `${file} is refused by dhcpd: exit status ${code}`
}

function renamed(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/\S*\/\.pifarm-check-\d+\.conf/g, (staging) => names.get(staging) ?? staging)
}
