import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { alternating, type Row, time } from './measure.ts'

const program = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))

/** What it takes until pifarm does anything, against Node itself. */
export async function startUp(): Promise<Row[]> {
  const medians = await alternating(15, {
    node: () => node('-e', '0'),
    version: () => node(program, '--version'),
    help: () => node(program, '--help'),
  })
  return (['version', 'help'] as const).map((flag) => ({
    what: `pifarm --${flag}`,
    pifarm: time(medians[flag]),
    peer: `node -e 0: ${time(medians.node)}`,
    ratio: medians[flag] / medians.node,
    bar: 1.6,
  }))
}

async function node(...args: readonly string[]): Promise<unknown> {
  // The environment of a NAS: NODE_EXTRA_CA_CERTS, for one, triples what Node itself takes.
  return await execa(process.execPath, args, { env: { PATH: process.env.PATH }, extendEnv: false })
}
