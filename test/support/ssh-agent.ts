import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
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

export interface DeafAgent {
  readonly socket: string
  /** Connections that somebody still holds. */
  open(): number
  stop(): void
}

/**
 * An agent that takes every question and answers none, as one that hangs; or, with the socket of a
 * real one, as one whose keys wait for a touch: it has that one's keys, and does not sign.
 */
export async function startDeafAgent(dir: string, real?: string): Promise<DeafAgent> {
  const socket = join(fs.mkdtempSync(join(dir, 'deaf-')), 'socket')
  const held = new Set<net.Socket>()
  const server = net.createServer((near) => {
    held.add(near)
    near.on('error', () => {}).once('close', () => held.delete(near))
    near.on('data', (question) => {
      if (real === undefined || question[4] === signRequest) return
      net
        .connect(real)
        .on('data', (answer) => near.write(answer))
        .end(question)
    })
  })
  server.listen(socket)
  await once(server, 'listening')
  return {
    socket,
    open: () => held.size,
    stop() {
      for (const near of held) near.destroy()
      server.close()
    },
  }
}

/** SSH_AGENTC_SIGN_REQUEST. */
const signRequest = 13

/** Makes so many key pairs; answers the files of the private ones. */
export function makeKeys(dir: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const file = join(dir, `key-${at}`)
    if (!fs.existsSync(file))
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    return file
  })
}
