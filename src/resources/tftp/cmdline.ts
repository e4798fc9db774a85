import { controllerUrl, type Farm, type Pi, rootOf } from '../../farm/farm.ts'
import { render } from '../../render.ts'

/** What the kernel of a Pi is told: one line, for it reads no second. */
export function cmdlineOf(farm: Farm, pi: Pi): string {
  return render('tftp/cmdline.txt.hbs', {
    nas: farm.nas.address,
    root: rootOf(farm, pi),
    options: pi.root_options,
    muxid: pi.muxid,
    muxhwdec: pi.muxhwdec,
    controller: controllerUrl(farm),
    extra: pi.cmdline_extra,
  })
}
