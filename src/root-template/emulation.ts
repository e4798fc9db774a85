import { UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { packageFile } from '../package-file.ts'
import { type Architecture, emulatorFor } from './architecture.ts'

const script = packageFile('templates/root-template/emulate.sh')
const listOfInterpreters = '/proc/sys/fs/binfmt_misc'

export interface Emulation {
  /** Sees to it that programs for this architecture run here; registers qemu with the kernel if need be. */
  need(architecture: Architecture): Promise<void>
}

/** For as long as `work` lasts, programs of other architectures can be run: what that changed is then taken back. */
export async function withEmulation<T>(
  nas: Emulator,
  say: (line: string) => void,
  work: (emulation: Emulation) => Promise<T>,
): Promise<T> {
  const emulation = lastingEmulation(nas)
  try {
    return await work(emulation)
  } finally {
    for (const name of await emulation.end())
      say(`${name} was registered with the kernel (binfmt_misc) meanwhile, and no longer is`)
  }
}

type Emulator = Pick<Host, 'ask' | 'run'>

function lastingEmulation(nas: Emulator): Emulation & { end(): Promise<readonly string[]> } {
  const able = new Set<Architecture>()
  const registered: string[] = []
  let mounted = false
  return {
    async need(architecture) {
      if (able.has(architecture)) return
      const { stdout: machine } = await nas.ask(['uname', '-m'])
      const emulator = emulatorFor(machine.trim(), architecture)
      if (emulator !== undefined) {
        const { code, stdout, stderr } = await nas.run(['sh', script, 'on', emulator])
        const done = stdout.split('\n')
        mounted ||= done.includes('mounted')
        if (done.includes('registered')) registered.push(emulator)
        if (code !== 0) throw failure(architecture, `qemu-${emulator}`, code, stderr)
      }
      able.add(architecture)
    },
    async end() {
      const taken = registered.splice(0)
      for (const emulator of taken) await nas.run(['sh', script, 'off', emulator])
      // Somebody else may have come to need it meanwhile: then it is busy, and stays.
      if (mounted) await nas.run(['umount', listOfInterpreters])
      mounted = false
      able.clear()
      return taken.map((emulator) => `qemu-${emulator}`)
    },
  }
}

function failure(
  architecture: Architecture,
  name: string,
  code: number,
  stderr: string,
): UserError {
  const cannot = `programs for ${architecture} cannot run here`
  if (code === 3)
    return new UserError(`${cannot}: qemu is not installed`, {
      hint: 'install it: apt-get install qemu-user-static',
    })
  return new UserError(
    `${cannot}: ${stderr.trim().split('\n').at(-1) || `it ended with ${code}`}`,
    {
      hint:
        code === 4
          ? `take that away, pifarm registers its own: echo -1 >${listOfInterpreters}/${name}`
          : `in a container ${listOfInterpreters} has to be mounted from outside`,
    },
  )
}
