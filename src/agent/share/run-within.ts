import { spawn } from 'node:child_process'

export type Ran =
  | {
      readonly kind: 'ended'
      readonly code: number
      readonly stdout: string
      readonly stderr: string
    }
  | { readonly kind: 'late' }

/**
 * Runs a program that may wait for ever for a file server that is gone. After the time it is killed
 * and no longer waited for: not even a kill ends what waits in the kernel.
 */
export async function runWithin(seconds: number, argv: readonly string[]): Promise<Ran> {
  const [program = '', ...args] = argv
  return await new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const out = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        out[name] = (out[name] + piece).slice(0, 4096)
      })
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      resolve({ kind: 'late' })
    }, seconds * 1000)
    const end = (code: number, why = '') => {
      clearTimeout(late)
      resolve({ kind: 'ended', code, stdout: out.stdout, stderr: out.stderr || why })
    }
    child.once('error', (error) => end(127, error.message))
    child.once('close', (code) => end(code ?? 128))
  })
}
