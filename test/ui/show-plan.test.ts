import { describe, expect, test } from 'vitest'
import type { Change, Plan, Step } from '../../src/plan/change.ts'
import { nothing } from '../../src/plan/change.ts'
import { planAsJson, showPlan } from '../../src/ui/show-plan.ts'

const file = (text: string, mode = 0o644) =>
  ({ kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }) as const
const link = (target: string) => ({ kind: 'link', target }) as const

function plan(changes: readonly Change[], more: Partial<Step> = {}, purge: string[] = []): Plan {
  return { steps: [{ ...nothing, resource: 'dhcp', changes, ...more }], purge }
}

const marked = {
  add: (text: string) => `<+${text}>`,
  remove: (text: string) => `<-${text}>`,
  dim: (text: string) => text,
  bold: (text: string) => `*${text}*`,
}

describe('showPlan', () => {
  test('says so when nothing is to be done, warnings or not', () => {
    expect(showPlan(plan([]))).toBe('nothing to do: the NAS is as farm.yaml says')
    expect(showPlan(plan([], { warnings: ['ufw is\nactive'] }))).toBe(
      'nothing to do: the NAS is as farm.yaml says\n\nwarning: ufw is\\nactive',
    )
  })

  test('a changed file is a diff with three lines around, and its mode where that changes', () => {
    const before = file('1\n2\n3\n4\n5\n6\n7\n8\n9\n')
    const after = file('1\n2\n3\n4\nfive\n6\n7\n8\n9\n', 0o600)
    const put = { kind: 'put', path: '/etc/a', before, after, why: 'HLSPi1' } as const

    expect(
      showPlan(
        plan([put], { reloads: [{ argv: ['systemctl', 'restart', 'dhcpd'], why: 'reads it' }] }),
      ),
    ).toBe(`dhcp  1 change
  ~ /etc/a  mode 0644 -> mode 0600  (HLSPi1)
      @@ -2,7 +2,7 @@
       2
       3
       4
      -5
      +five
       6
       7
       8
then: systemctl restart dhcpd  (reads it)`)
  })

  test('a new file and one that goes', () => {
    const changes: Change[] = [
      { kind: 'put', path: '/new', before: undefined, after: file('a\n'), why: 'x' },
      { kind: 'put', path: '/old', before: file('b\n'), after: undefined, why: 'y' },
    ]
    const text = showPlan(plan(changes), marked)
    expect(text).toContain('*dhcp*  2 changes')
    expect(text).toContain('<+      +a>')
    expect(text).toContain('<-      -b>')
  })

  test('a secret is never shown, neither before nor after, nor in JSON', () => {
    const put: Change = {
      kind: 'put',
      path: '/key',
      before: file('old-secret\n'),
      after: file('new-secret\n'),
      why: 'key',
      secret: true,
    }
    const clone: Change = {
      kind: 'clone-tree',
      from: '/t',
      to: '/r',
      bytes: 0,
      seeds: [{ path: 'etc/ssh/key', entry: file('seed-secret') }],
      why: 'root',
    }
    const wanted = plan([put, clone])
    expect(showPlan(wanted)).toContain('secret: not shown')
    expect(showPlan(wanted)).toContain('with its own etc/ssh/key')
    for (const text of [showPlan(wanted), planAsJson(wanted)]) {
      expect(text).toContain('/key')
      expect(text).not.toMatch(/(?:old|new|seed)-secret/)
    }
  })

  test('many links in one directory are one line, few are each their own', () => {
    const links = (dir: string, count: number): Change[] =>
      Array.from({ length: count }, (_, n) => ({
        kind: 'put',
        path: `/srv/tftp/${dir}/f${n}`,
        before: undefined,
        after: link(`../templates/muxer/f${n}`),
        why: 'boot files',
      }))
    expect(showPlan(plan([...links('a', 32), ...links('b', 2)]))).toBe(`dhcp  34 changes
  + /srv/tftp/b/f0  link to ../templates/muxer/f0  (boot files)
  + /srv/tftp/b/f1  link to ../templates/muxer/f1  (boot files)
  + /srv/tftp/a/  32 links to ../templates/muxer  (boot files)`)
  })

  test('a link that takes the place of a file is shown with what goes', () => {
    const change: Change = {
      kind: 'put',
      path: '/x',
      before: file('a\n'),
      after: link('y'),
      why: '',
    }
    expect(showPlan(plan([change]))).toBe(`dhcp  1 change
  ~ /x  mode 0644 -> link to y
      @@ -1,1 +1,0 @@
      -a`)
  })

  test('trees and live rules', () => {
    const changes: Change[] = [
      {
        kind: 'clone-tree',
        from: '/r/template',
        to: '/r/A',
        bytes: 2e9,
        seeds: [],
        why: 'its root',
      },
      { kind: 'move-tree', from: '/r/B', to: '/r/.pifarm/B', why: 'kept aside' },
      {
        kind: 'live-rules',
        save: [],
        restore: [],
        before: ['-A x'],
        after: ['-A x', '-A y'],
        why: 'A',
      },
    ]
    expect(showPlan(plan(changes, {}, ['/r/B']))).toBe(`dhcp  3 changes
  + /r/A/  a copy of /r/template/, 2 GB  (its root)
  ~ /r/B/  is moved to /r/.pifarm/B/  (kept aside)
  ~ the firewall's live rules  (A)
      @@ -1,1 +1,2 @@
       -A x
      +-A y

- /r/B/ is deleted for good: this cannot be taken back`)
  })

  test('what others wrote cannot steer the terminal', () => {
    const change: Change = {
      kind: 'put',
      path: '/a\u001b]0;x\u0007',
      before: file('a\u001b[2J\u202e\tb\r\n'),
      after: file('b\n'),
      why: 'c\u009b',
    }
    const text = showPlan(plan([change], { warnings: ['\u001b[31m'] }))
    expect(text.replaceAll(/[\t\n]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text).toContain('-a\\e[2J\\u{202e}\tb\\r')
  })

  test('a change of the last newline alone is seen', () => {
    const change: Change = {
      kind: 'put',
      path: '/x',
      before: file('a'),
      after: file('a\n'),
      why: '',
    }
    expect(showPlan(plan([change]))).toContain('No newline at end of file')
  })
})
