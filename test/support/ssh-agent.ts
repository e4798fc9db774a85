import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'

export interface SshAgent {
  readonly socket: string
  stop(): Promise<void>
}

/** A real ssh-agent that holds these private keys. */
export async function startSshAgent(dir: string, keys: readonly string[]): Promise<SshAgent> {
  const socket = join(fs.mkdtempSync(join(dir, 'agent-')), 'socket')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  while (!fs.existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10))
  if (keys.length > 0)
    execFileSync('ssh-add', ['-q', ...keys], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
  return {
    socket,
    async stop() {
      const ended = once(agent, 'exit')
      agent.kill()
      await ended
    },
  }
}

/** Makes so many key pairs; answers the files of the private ones. */
export function makeKeys(dir: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const file = join(dir, `key-${at}`)
    if (!fs.existsSync(file))
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    return file
  })
}
