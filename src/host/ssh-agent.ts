import { Socket } from 'node:net'
import type { OpenSSHAgent } from 'ssh2'

/** As long as a key waits for a touch. */
const usualPatienceMs = 30_000

export interface SocketAgent {
  readonly agent: OpenSSHAgent
  isAsked(): boolean
  /** Whether it ever let a question wait for too long. */
  wasSilent(): boolean
  /** A connection that is left open would keep pifarm from ending. */
  hangUp(): void
}

/**
 * The ssh agent at a socket. ssh2 would wait without end for one that takes a question and says
 * nothing. `asked` is told of each question, and is answered as the agent is.
 */
export function agentAt(
  Agent: typeof OpenSSHAgent,
  socket: string,
  asked: (answer: Promise<unknown>) => void,
  patienceMs = usualPatienceMs,
): SocketAgent {
  const questions = new Set<Socket>()
  let silent = false
  const agent = new Agent(socket)
  const connect = agent.getStream.bind(agent)
  agent.getStream = (opened) =>
    connect((error, stream) => {
      if (stream instanceof Socket) {
        questions.add(stream)
        stream.once('close', () => questions.delete(stream))
        stream.setTimeout(patienceMs, () => {
          silent = true
          stream.destroy()
        })
        asked(new Promise<void>((resolve) => stream.once('close', () => resolve())))
      }
      opened(error, stream)
    })
  return {
    agent,
    isAsked: () => questions.size > 0,
    wasSilent: () => silent,
    hangUp: () => {
      for (const question of questions) question.destroy()
    },
  }
}
