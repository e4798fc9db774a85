import { render } from '../../render.ts'
import { findBoot } from '../inside/find-boot.ts'
import { putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** What an SD card's command line has that stops a boot from the network. */
const leftover =
  /^(?:init=|resize$|root=(?!\/dev\/nfs$)|rootfstype=|fsck\.|systemd\.run|cloud=|ds=|imgpart=)/

export const cmdline: Step = {
  id: 'cmdline',
  title: 'Kernel command line',
  why: "the card's cmdline.txt names a root that is not there, and its init= or resize would repartition, make new keys and reboot, over and over",
  cure: 'writes cmdline.txt whole, for NFS; every Pi gets one of its own from pifarm besides',
  async inspect(tree) {
    const { path, words } = await look(tree)
    return words.filter((word) => leftover.test(word)).map((word) => `${path} has ${word}`)
  },
  async mend(tree) {
    const { path, words } = await look(tree)
    if (path === undefined || !words.some((word) => leftover.test(word))) return []
    const text = render('root-template/cmdline.txt.hbs', {})
    await putText(tree, path, text)
    const kept = new Set(text.trim().split(' '))
    return [`wrote ${path} without ${words.filter((word) => !kept.has(word)).join(' ')}`]
  },
}

async function look(
  tree: Tree,
): Promise<{ readonly path: string | undefined; readonly words: readonly string[] }> {
  const found = await findBoot(tree, '')
  const path = found === undefined ? undefined : `${found.boot}/cmdline.txt`
  const text = path === undefined ? undefined : await textAt(tree, path)
  return { path, words: text?.split(/\s+/).filter((word) => word !== '') ?? [] }
}
