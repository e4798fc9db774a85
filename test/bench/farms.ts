import type { Lab } from '../lab/lab.ts'
import { alternating, median, type Row, time } from './measure.ts'
import { fill, flagsOf, pifarm, startFarm, type Timing, timedPifarm } from './scratch-farm.ts'

const rounds = 9

/**
 * What pifarm itself costs, in farms of 0, 10 and 1,000 Pis on two NASes of the lab. `copy`: what
 * copying a real root takes, in ms.
 */
export async function farms(copy: number): Promise<Row[]> {
  const labs = await Promise.all([startFarm(), startFarm()])
  const [small, big] = labs
  try {
    const empty = await emptyPlan(small)
    await fill(small, 10)
    await fill(big, 1000)
    return [empty, ...(await adding(small, big, copy)), await planOfMany(big)]
  } finally {
    for (const lab of labs) await lab.stop()
  }
}

async function emptyPlan(lab: Lab): Promise<Row> {
  const { plan, node } = await alternating(15, {
    plan: async () => (await timedPifarm(lab, ['plan'])).firstLook,
    node: async () => {
      await lab.must([process.execPath, '-e', '0'])
    },
  })
  return {
    what: 'plan of 0 Pis, until it first looks',
    pifarm: time(plan),
    peer: `node -e 0: ${time(node)}`,
    ratio: plan / node,
    bar: 3,
  }
}

async function adding(small: Lab, big: Lab, copy: number): Promise<Row[]> {
  const reloads: number[] = []
  const { eleventh, last } = await alternating(rounds, {
    eleventh: async () => {
      const timing = await addAndRemove(small, 11)
      reloads.push(timing.reloads)
      return timing.total - timing.copy
    },
    last: async () => {
      const timing = await addAndRemove(big, 1001)
      return timing.total - timing.copy
    },
  })
  const own = eleventh - median(reloads)
  return [
    {
      what: 'add-pi less copy and reloads',
      pifarm: time(own),
      peer: `copy of the root: ${time(copy)}`,
      ratio: own / copy,
      bar: 0.1,
    },
    {
      what: 'add-pi of the 1,001st Pi less copy',
      pifarm: time(last),
      peer: `of the 11th: ${time(eleventh)}`,
      ratio: last / eleventh,
      bar: 2,
    },
  ]
}

async function addAndRemove(lab: Lab, number: number): Promise<Timing> {
  const timing = await timedPifarm(lab, ['add-pi', ...flagsOf(number)])
  await pifarm(lab, ['remove-pi', `HLSPi${number}`, '--purge', '--yes'])
  return timing
}

async function planOfMany(lab: Lab): Promise<Row> {
  const { plan } = await alternating(rounds, {
    plan: () => pifarm(lab, ['plan', '--exit-code']),
  })
  return {
    what: 'plan of 1,000 Pis, nothing to do',
    pifarm: time(plan),
    peer: 'two seconds',
    ratio: plan / 2000,
    bar: 1,
  }
}
