import { homedir } from 'node:os'
import { text } from 'node:stream/consumers'
import { sshTo } from '../../../src/host/ssh.ts'
import { pifarmHere } from '../pifarm-here.ts'
import type { Answer } from '../recording-ui.ts'

/** Run by live-pi.ts inside the namespaces of its Pi: a command line and answers in, the outcome out. */
const { argv, answers } = JSON.parse(await text(process.stdin)) as {
  readonly argv: readonly string[]
  readonly answers: readonly Answer[]
}
const outcome = await pifarmHere(argv, {
  answers,
  sshTo: async (target, options) =>
    sshTo(target, { home: homedir(), ...options, agent: process.env.SSH_AUTH_SOCK }),
})
process.stdout.write(JSON.stringify(outcome))
