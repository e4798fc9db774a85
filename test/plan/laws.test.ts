import { describe, expect, it } from 'vitest'
import { apply, type Run } from '../../src/plan/apply.ts'
import type { Plan, Step } from '../../src/plan/change.ts'
import { nothing } from '../../src/plan/change.ts'
import type { ApplyTools } from '../../src/plan/jobs.ts'
import { nextRunId } from '../../src/plan/journal.ts'
import { runToUndo } from '../../src/plan/past-runs.ts'
import { recover } from '../../src/plan/recover.ts'
import { undoPlan } from '../../src/plan/undo-plan.ts'
import { dir, type FakeNas, fakeNas, file, output } from '../support/fake-nas.ts'
import { powered } from '../support/power-cut.ts'

/** What every plan promises, shown on one that has each kind of change. */

const jump = '-A INPUT -j PIFARM'
const chains = (rules: readonly string[]) => ['*filter', ...rules, 'COMMIT', ''].join('\n')

/** A NAS with a daemon whose restart reads /etc/dhcp.conf, and with a live table. */
function nas(): { nas: FakeNas; daemon: { reads: string; fails: boolean } } {
  let table = chains([':INPUT ACCEPT [0:0]'])
  const daemon = { reads: 'hand-written\n', fails: false }
  const fake = fakeNas(
    {
      '/state': dir(0o700),
      '/etc/dhcp.conf': 'hand-written\n',
      '/etc/old.conf': file('going\n', 0o640),
      '/roots/template/etc/hostname': 'template\n',
      '/roots/Old/etc/hostname': 'Old\n',
      '/tftp': dir(),
    },
    {
      ask: (argv) => (argv[0] === 'save' ? output(table) : output()),
      run: (argv, input) => {
        if (argv[0] === 'restart') {
          if (daemon.fails) return output('', 1, 'will not start')
          const conf = fake.snapshot()['/etc/dhcp.conf']
          daemon.reads = conf?.kind === 'file' ? conf.text : ''
        }
        if (argv[0] === 'restore') table = saved(input ?? '')
        return output()
      },
    },
  )
  return { nas: fake, daemon }
}

/** What iptables-save would print after that transaction. */
function saved(transaction: string): string {
  const lines = transaction.split('\n').filter((line) => /^(:|-A|-I)/.test(line))
  return chains(
    [
      ':INPUT ACCEPT [0:0]',
      ...lines.filter((line) => !lines.includes(`-X ${line.split(' ')[0]?.slice(1)}`)),
    ].map((line) => line.replace(/^-I INPUT 1 /, '-A INPUT ')),
  )
}

const step = (resource: string, parts: Partial<Step>): Step => ({ ...nothing, resource, ...parts })

const put = (
  path: string,
  before: string | undefined,
  after: string | undefined,
  mode = 0o644,
) => ({
  kind: 'put' as const,
  path,
  before: before === undefined ? undefined : file(before, mode),
  after: after === undefined ? undefined : file(after, mode),
  why: 'the test',
})

function plan(): Plan {
  return {
    purge: [],
    steps: [
      step('rootfs', {
        changes: [
          {
            kind: 'clone-tree',
            from: '/roots/template',
            to: '/roots/New',
            seeds: [{ path: 'etc/hostname', entry: file('New\n') }],
            bytes: 0,
            why: 'the test',
          },
          { kind: 'move-tree', from: '/roots/Old', to: '/roots/.Old.removed-1', why: 'the test' },
        ],
      }),
      step('tftp', {
        changes: [
          { kind: 'put', path: '/tftp/abc', before: undefined, after: dir(), why: 'the test' },
          put('/tftp/abc/cmdline.txt', undefined, 'root=/dev/nfs\n'),
          {
            kind: 'put',
            path: '/tftp/abc/start.elf',
            before: undefined,
            after: { kind: 'link', target: '../templates/t/start.elf' },
            why: 'the test',
          },
        ],
      }),
      step('firewall', {
        changes: [
          {
            kind: 'live-rules',
            save: ['save'],
            restore: ['restore'],
            before: [],
            after: [':PIFARM - [0:0]', '-I INPUT 1 -j PIFARM', '-A PIFARM -j ACCEPT'],
            why: 'the test',
          },
        ],
      }),
      step('dhcp', {
        changes: [
          put('/etc/dhcp.conf', 'hand-written\n', 'hand-written\ninclude\n'),
          put('/etc/old.conf', 'going\n', undefined, 0o640),
        ],
        checks: [
          {
            why: 'dhcpd refuses it',
            staged: [{ path: '/etc/.candidate', text: 'x' }],
            argv: ['check'],
          },
        ],
        reloads: [{ why: 'restart dhcp', argv: ['restart'] }],
        probes: [{ why: 'dhcp is alive', look: async () => undefined, patience: 0 }],
      }),
    ],
  }
}

const run = (id = '0001'): Run => ({
  id,
  state: '/state',
  command: 'pifarm test',
  startedAt: '2026-11-22T20:00:00Z',
})

function toolsFor(nas: FakeNas, signal = new AbortController().signal): ApplyTools {
  const display = {
    start: () => {},
    at: () => {},
    done: () => {},
    fail: () => {},
    end: async () => {},
  }
  return { nas, signal, display }
}

/** The NAS without pifarm's own journal. */
function outside(fake: FakeNas) {
  return Object.fromEntries(
    Object.entries(fake.snapshot()).filter(([path]) => !path.startsWith('/state')),
  )
}

async function countMutations(): Promise<number> {
  const { nas: fake } = nas()
  await apply(plan(), run(), toolsFor(fake))
  return fake.mutations
}

describe('a plan that is carried out', () => {
  it('makes every change, reloads, and records the run', async () => {
    const { nas: fake, daemon } = nas()

    const applied = await apply(plan(), run(), toolsFor(fake))

    expect(applied).toEqual({ kind: 'applied', run: '0001' })
    expect(outside(fake)['/roots/New/etc/hostname']).toEqual(file('New\n'))
    expect(outside(fake)['/roots/Old']).toBeUndefined()
    expect(outside(fake)['/tftp/abc/start.elf']).toMatchObject({ kind: 'link' })
    expect((await fake.ask(['save'])).stdout).toContain(jump)
    expect(daemon.reads).toBe('hand-written\ninclude\n')
    expect(await nextRunId(fake, '/state')).toBe('0002')
  })

  it('is taken back whole by its undo, and the undo by nothing', async () => {
    const { nas: fake, daemon } = nas()
    const before = outside(fake)
    await apply(plan(), run(), toolsFor(fake))

    const record = await runToUndo(fake, '/state')
    if (record === undefined) throw new Error('no run to undo')
    const undone = undoPlan(record, '0002', new Map())
    await apply(undone, { ...run('0002'), undoes: record.id }, toolsFor(fake))

    const { '/roots/.New.removed-0002': kept, ...rest } = outside(fake)
    expect(kept).toEqual(dir())
    expect(
      Object.fromEntries(Object.entries(rest).filter(([path]) => !path.includes('.New.'))),
    ).toEqual(before)
    expect(daemon.reads).toBe('hand-written\n')
    expect((await fake.ask(['save'])).stdout).not.toContain('PIFARM')
    expect(await runToUndo(fake, '/state')).toBeUndefined()
  })

  it('deletes what is purged only after it has succeeded', async () => {
    const { nas: fake } = nas()
    const purging = { ...plan(), purge: ['/roots/.Old.removed-1'] }

    await apply(purging, run(), toolsFor(fake))

    expect(outside(fake)['/roots/.Old.removed-1']).toBeUndefined()
    const record = await runToUndo(fake, '/state')
    expect(() => record && undoPlan(record, '0002', new Map())).toThrow(/deleted .* for good/)
  })
})

describe('a plan that fails', () => {
  it('leaves the NAS as it was, whichever change it is that fails', async () => {
    const total = await countMutations()
    expect(total).toBeGreaterThan(12)
    for (let k = 1; k <= total; k++) {
      const { nas: fake, daemon } = nas()
      const before = outside(fake)
      let failed = ''
      fake.beforeMutation = (n, what) => {
        if (n !== k) return
        failed = what
        throw new Error(`planted at ${what}`)
      }

      const outcome = await apply(plan(), run(), toolsFor(fake)).catch((error) => error)

      // The last mutation closes the journal: by then all is done, and an error is an error.
      const label = `step ${k}: ${failed}`
      fake.beforeMutation = () => {}
      if (outcome instanceof Error) {
        // Only before the journal is open, or in the rename that closes it.
        expect(failed, label).toMatch(/^(?:put|moveTree) \/(?:state|etc\/\.candidate)/)
        await recover(fake, '/state')
      } else expect(outcome, label).toMatchObject({ kind: 'put-back' })
      expect(outside(fake), label).toEqual(before)
      expect(daemon.reads, label).toBe('hand-written\n')
      expect((await fake.ask(['save'])).stdout, label).not.toContain('PIFARM')
    }
  })

  it('is put back by the next run when it was killed, whichever step it was at', async () => {
    const total = await countMutations()
    for (let k = 1; k <= total; k++) {
      const { nas: fake, daemon } = nas()
      const before = outside(fake)
      // A kill: from here on nothing of this run happens any more.
      fake.beforeMutation = (n, what) => {
        if (n >= k) throw new Error(`killed at ${what}`)
      }
      await apply(plan(), run(), toolsFor(fake)).catch(() => undefined)

      fake.beforeMutation = () => {}
      await recover(fake, '/state')

      expect(outside(fake), `killed at ${k}`).toEqual(before)
      expect(daemon.reads, `killed at ${k}`).toBe('hand-written\n')
    }
  })

  it.each([
    ['all that was not flushed is lost', () => true],
    ['every other change is lost', (place: number) => place % 2 === 0],
    ['the others are lost', (place: number) => place % 2 === 1],
    ['the first is lost', (place: number) => place === 0],
    ['the first alone is kept', (place: number) => place > 0],
  ])('is put back after a power cut, whichever step it was at: %s', async (_, isLost) => {
    const total = await countMutations()
    for (let k = 1; k <= total + 1; k++) {
      const { nas: fake, daemon } = nas()
      fake.poke('/state', undefined)
      const before = outside(fake)
      const { host, cut, unflushed } = powered(fake)
      fake.beforeMutation = (n, what) => {
        if (n >= k) throw new Error(`no power at ${what}`)
      }
      const ended = await apply(plan(), run(), { ...toolsFor(fake), nas: host }).catch(
        () => undefined,
      )
      const lost = `step ${k}: ${unflushed().join(', ')}`
      cut(isLost)

      fake.beforeMutation = () => {}
      if (ended?.kind !== 'applied') await recover(fake, '/state')

      // A run that is said to be done has nothing left to lose.
      if (ended?.kind === 'applied') expect(outside(fake)['/roots/New/etc/hostname']).toBeDefined()
      else {
        expect(outside(fake), lost).toEqual(before)
        expect(daemon.reads, lost).toBe('hand-written\n')
      }
    }
  })

  it('is put back also when the power is cut once more while it is', async () => {
    const total = await countMutations()
    for (let k = 4; k <= total; k += 3) {
      for (let again = 1; ; again++) {
        const { nas: fake, daemon } = nas()
        const before = outside(fake)
        fake.beforeMutation = (n, what) => {
          if (n >= k) throw new Error(`no power at ${what}`)
        }
        await apply(plan(), run(), toolsFor(fake)).catch(() => undefined)
        const { host, cut } = powered(fake)
        const already = fake.mutations
        fake.beforeMutation = (n, what) => {
          if (n - already >= again) throw new Error(`no power at ${what}`)
        }
        const isWhole = await recover(host, '/state').then(
          () => true,
          () => false,
        )
        cut((place) => place % 2 === 0)

        fake.beforeMutation = () => {}
        await recover(fake, '/state')

        const label = `cut at ${k}, and at ${again} of putting back`
        expect(outside(fake), label).toEqual(before)
        expect(daemon.reads, label).toBe('hand-written\n')
        if (isWhole) break
      }
    }
  })

  it('stops when a check refuses, before anything has changed, and clears what was staged', async () => {
    const { nas: fake } = nas()
    const before = outside(fake)
    fake.ask = async (argv) =>
      argv[0] === 'check' ? output('', 1, 'line 7: semicolon expected') : output()
    const refused = {
      ...plan(),
      steps: plan().steps.filter(({ resource }) => resource !== 'firewall'),
    }

    await expect(apply(refused, run(), toolsFor(fake))).rejects.toThrow(
      'dhcpd refuses it: line 7: semicolon expected',
    )

    expect(outside(fake)).toEqual(before)
  })

  it('does not touch a file that a person has changed since the plan was made', async () => {
    const { nas: fake } = nas()
    const made = plan()
    fake.poke('/etc/dhcp.conf', 'edited by hand\n')
    const before = outside(fake)

    await expect(apply(made, run(), toolsFor(fake))).rejects.toThrow('/etc/dhcp.conf has changed')

    expect(outside(fake)).toEqual(before)
  })

  it('leaves alone and names what a person changed while it ran', async () => {
    const { nas: fake } = nas()
    fake.beforeMutation = (_, what) => {
      if (what !== 'run restart') return
      fake.beforeMutation = () => {}
      fake.poke('/tftp/abc/cmdline.txt', 'by hand\n')
      throw new Error('will not start')
    }

    const outcome = await apply(plan(), run(), toolsFor(fake))

    expect(outcome).toMatchObject({ kind: 'stuck' })
    expect(outcome.kind === 'stuck' && outcome.leftovers.join('\n')).toContain(
      '/tftp/abc/cmdline.txt',
    )
    expect(outside(fake)['/tftp/abc/cmdline.txt']).toEqual(file('by hand\n'))
    expect(outside(fake)['/etc/dhcp.conf']).toEqual(file('hand-written\n'))
  })

  it('puts back when a probe is not content, and reloads again', async () => {
    const { nas: fake, daemon } = nas()
    const before = outside(fake)
    const steps = plan().steps.map((one) =>
      one.resource === 'dhcp'
        ? { ...one, probes: [{ why: 'alive', look: async () => 'dhcpd is dead', patience: 0 }] }
        : one,
    )

    const outcome = await apply({ steps, purge: [] }, run(), toolsFor(fake))

    expect(outcome).toMatchObject({ kind: 'put-back', cause: { message: 'dhcpd is dead' } })
    expect(outside(fake)).toEqual(before)
    expect(daemon.reads).toBe('hand-written\n')
  })

  it('puts back on Ctrl-C', async () => {
    const { nas: fake } = nas()
    const before = outside(fake)
    const interrupt = new AbortController()
    fake.beforeMutation = (_, what) => {
      if (what.startsWith('put /tftp/abc/start.elf')) interrupt.abort()
    }

    const outcome = await apply(plan(), run(), toolsFor(fake, interrupt.signal))

    expect(outcome).toMatchObject({ kind: 'put-back' })
    expect(outside(fake)).toEqual(before)
  })

  describe('whose daemon would not survive what a person broke meanwhile', () => {
    const line = 'restart was not run: /etc/x line 7: what?'
    const steps = plan().steps.map((one) => ({
      ...one,
      reloads: one.reloads.map((reload) => ({
        ...reload,
        trial: { argv: ['try'], complaint: ' line ' },
      })),
      probes: [{ why: 'alive', look: async () => 'nobody hears', patience: 0 }],
    }))

    /** Answers what mends it. */
    function broken(fake: FakeNas): () => void {
      const { ask } = fake
      fake.ask = async (argv, input) =>
        argv[0] === 'try'
          ? output('', 1, 'banner\n/etc/x line 7: what?\n^\nexiting.')
          : ask(argv, input)
      return () => {
        fake.ask = ask
      }
    }

    it('leaves it alone until that is mended', async () => {
      const { nas: fake, daemon } = nas()
      const before = outside(fake)
      const mend = broken(fake)

      const outcome = await apply({ steps, purge: [] }, run(), toolsFor(fake))

      expect(outcome).toMatchObject({ kind: 'waiting', waiting: [line] })
      expect(outside(fake)).toEqual(before)
      expect(daemon.reads).toBe('hand-written\ninclude\n')
      await expect(recover(fake, '/state')).rejects.toThrow(line)
      mend()
      expect(await recover(fake, '/state')).toContain('pifarm test')
      expect(daemon.reads).toBe('hand-written\n')
      expect(await recover(fake, '/state')).toBeUndefined()
    })

    it('takes it as mended where the person edits a file of that very run', async () => {
      const { nas: fake, daemon } = nas()
      const mend = broken(fake)
      await apply({ steps, purge: [] }, run(), toolsFor(fake))
      fake.poke('/etc/dhcp.conf', 'mended by hand\n')
      mend()
      expect(await recover(fake, '/state')).toContain('pifarm test')
      expect(daemon.reads).toBe('mended by hand\n')
    })

    it('keeps what could not be put back, and its reloads still wait', async () => {
      const { nas: fake, daemon } = nas()
      const mend = broken(fake)
      fake.beforeMutation = (_, what) => {
        // A person is quicker than the put-back.
        if (what.startsWith('run restart')) fake.poke('/tftp/abc/cmdline.txt', 'edited by hand\n')
      }

      const outcome = await apply({ steps, purge: [] }, run(), toolsFor(fake))

      expect(outcome).toMatchObject({
        kind: 'stuck',
        leftovers: [expect.stringContaining('/tftp/abc/cmdline.txt'), expect.anything(), line],
      })
      expect(Object.keys(fake.snapshot())).toContain('/state/failed-0001.json')
      mend()
      expect(await recover(fake, '/state')).toContain('pifarm test')
      expect(daemon.reads).toBe('hand-written\n')
      expect(await recover(fake, '/state')).toBeUndefined()
    })
  })

  it('says so when a service does not come back with the old files either', async () => {
    const { nas: fake, daemon } = nas()
    daemon.fails = true

    const outcome = await apply(plan(), run(), toolsFor(fake))

    expect(outcome).toMatchObject({ kind: 'stuck', leftovers: ['restart: will not start'] })
  })
})
