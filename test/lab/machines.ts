import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { initFarm } from './init-farm.ts'
import { type Lab, type Output, startLab } from './lab.ts'
import { layTemplate } from './lab-template.ts'

export const first = { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', serial: '3333347a' } as const
export const second = { name: 'HLSPi2', mac: 'b8:27:eb:5a:11:22', serial: 'ab5a1122' } as const
/** Nobody ever tells the farm of this board. */
export const stranger = { name: 'stranger', mac: 'b8:27:eb:99:99:99', serial: '77999999' } as const

/** A lab with these three boards, a template and a farm that has no Pi yet. */
export async function startFarm(): Promise<Lab> {
  const lab = await startLab([first, second, stranger])
  try {
    await layTemplate(lab)
    await initFarm(lab)
    return lab
  } catch (error) {
    await lab.stop()
    throw error
  }
}

type Board = typeof first | typeof second

export function addPiArgs(pi: Board, ...more: readonly string[]): string[] {
  return ['add-pi', '--mac', pi.mac, '--name', pi.name, '--serial', pi.serial, ...more]
}

/** Puts a Pi into the farm; throws what pifarm said when that fails. */
export async function addPi(lab: Lab, pi: Board, ...more: readonly string[]): Promise<Output> {
  const output = await lab.pifarm(addPiArgs(pi, ...more))
  if (output.code !== 0) throw new Error(`add-pi ended with ${output.code}:\n${output.stderr}`)
  return output
}

/** Whether a TCP connection from a board to a port of the NAS comes about. */
export async function canConnect(lab: Lab, name: string, port: number): Promise<boolean> {
  const connect = `exec 3<>/dev/tcp/10.77.0.1/${port}`
  // A first packet may be lost, and the kernel takes its time to ask again.
  const { code, stderr } = await lab.at(name, ['timeout', '30', 'bash', '-c', connect])
  if (code !== 0 && !stderr.includes('refused')) throw new Error(`no clear answer: ${stderr}`)
  return code === 0
}

/** A board asks mountd for a root; answers what mountd wrote to the log about it. */
export async function askForRoot(lab: Lab, name: string, path: string): Promise<string> {
  const script = fileURLToPath(new URL('mount-request.ts', import.meta.url))
  const where = ['--server', '10.77.0.1', '--port', '33049', '--path', path]
  const before = await lab.read('/var/log/syslog')
  const { stdout, stderr } = await lab.at(name, [...lab.typescript, script, ...where])
  if (stderr !== '' || stdout.trim() === 'no answer') throw new Error(`${stdout}${stderr}`)
  if (stdout.trim() === 'unreachable') return 'unreachable'
  // The line may come after the answer, and that of an earlier question after this one.
  const line = new RegExp(`(?:authenticated|refused) mount request from \\S+ for ${path} .*`)
  for (let left = 60; left > 0; left -= 1) {
    const [found] = line.exec((await lab.read('/var/log/syslog')).slice(before.length)) ?? []
    if (found !== undefined) return found
    await pause(50)
  }
  return stdout
}
