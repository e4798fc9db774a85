import { isOn, turnOn, unitFile } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const refusal = '/etc/ssh/sshd_not_to_be_run'

export const ssh: Step = {
  id: 'ssh',
  title: 'ssh on',
  why: 'Raspberry Pi OS has ssh off, and a Pi in a rack has no other way in',
  cure: 'enables ssh.service and removes /etc/ssh/sshd_not_to_be_run',
  async inspect(tree) {
    const problems = (await isListening(tree)) ? [] : ['ssh.service is not enabled']
    if ((await tree.read(refusal)) !== undefined)
      problems.push(`${refusal} keeps sshd from running`)
    return problems
  },
  async mend(tree) {
    const changed: string[] = []
    if (!(await isListening(tree))) {
      const enabled = await turnOn(tree, 'ssh.service', 'multi-user.target')
      if (enabled !== undefined) changed.push(enabled)
    }
    if ((await tree.read(refusal)) !== undefined) {
      await tree.put(refusal, undefined)
      changed.push(`removed ${refusal}`)
    }
    return changed
  },
}

async function isListening(tree: Tree): Promise<boolean> {
  for (const unit of ['ssh.service', 'ssh.socket', 'sshd.service'])
    if ((await isOn(tree, unit)) && (await unitFile(tree, unit)) !== undefined) return true
  return false
}
