import { render } from '../../../render.ts'
import { putText, textAt } from '../../inside/texts.ts'
import { isOn, turnOn } from '../../inside/units.ts'
import type { TemplateWishes } from '../../step.ts'
import { agentUser } from './account.ts'
import type { Part } from './part.ts'
import { programPath } from './program.ts'

export const service = 'hls-muxer.service'
const unitPath = `/etc/systemd/system/${service}`

export const unit: Part = {
  async judge(tree, wishes) {
    const isOurs = (await textAt(tree, unitPath)) === unitText(wishes)
    return isOurs ? [] : [`${unitPath} is not this version's`]
  },
  async mend(tree, wishes) {
    // A mask is a link; written through, it would be the NAS's /dev/null.
    await tree.put(unitPath, undefined)
    await putText(tree, unitPath, unitText(wishes))
    return `wrote ${unitPath}`
  },
}

export const enabled: Part = {
  async judge(tree) {
    return (await isOn(tree, service)) ? [] : [`${service} is not enabled`]
  },
  async mend(tree) {
    await turnOn(tree, service, 'multi-user.target')
    return `enabled ${service}`
  },
}

/** Left out of systemd's own escaping: a user's name has nothing in it but `-` that needs it. */
function unitText({ user }: TemplateWishes): string {
  const home = user.replaceAll('-', '\\x2d')
  return render('root-template/hls-muxer.service.hbs', {
    user: agentUser,
    program: programPath,
    automount: `home-${home}-remote.automount`,
  })
}
