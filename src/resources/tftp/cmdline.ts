import { UserError } from '../../errors.ts'
import { controllerUrls, type Farm, type Pi, rootOf } from '../../farm/farm.ts'
import { render } from '../../render.ts'

/** A 32-bit kernel cuts off what is longer (COMMAND_LINE_SIZE), in the middle of a word, and says nothing. */
const longest = 1023

/** What the kernel of a Pi is told: one line, for it reads no second. */
export function cmdlineOf(farm: Farm, pi: Pi): string {
  const line = render('tftp/cmdline.txt.hbs', {
    nas: farm.nas.address,
    root: rootOf(farm, pi),
    options: pi.root_options,
    muxid: pi.muxid,
    muxhwdec: pi.muxhwdec,
    controllers: controllerUrls(farm).join(','),
    extra: pi.cmdline_extra,
  })
  const { length } = line.trimEnd()
  if (length > longest)
    throw new UserError(`the kernel command line of ${pi.name} has ${length} characters`, {
      hint: `a Pi's kernel takes ${longest}: shorten its cmdline_extra (pifarm set-pi ${pi.name} --cmdline-extra)`,
    })
  return line
}
