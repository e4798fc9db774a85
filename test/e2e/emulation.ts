import type { Emulation } from './images/nas-disk.ts'

/** What the Pis of this run are, as `npm run e2e` passes it on. */
export function emulationOfThisRun(): Emulation {
  const { PIFARM_E2E_PI: asked = 'uml' } = process.env
  if (asked === 'uml' || asked === 'raspi3b') return asked
  throw new Error(`PIFARM_E2E_PI is ${asked}: there is uml and raspi3b`)
}

/** The longest that a stage of a boot may take, in ms: only what never comes is meant. */
export function longestStage(emulation: Emulation): number {
  return emulation === 'uml' ? 600_000 : 1_200_000
}

/**
 * The longest that an agent may take for its trials of ffmpeg, or for a film of some seconds, in ms. On a
 * busy machine the trials took an emulated board thirteen minutes: it reads 95 MB at 0.2 MB/s for them.
 */
export function longestWork(emulation: Emulation): number {
  return emulation === 'uml' ? 600_000 : 1_800_000
}
