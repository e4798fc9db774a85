import { type Setting, settingOf } from '../inside/settings.ts'
import { putDropIn } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const main = '/etc/systemd/journald.conf'
const dropIn = '/etc/systemd/journald.conf.d/zz-pifarm.conf'

export const journald: Step = {
  id: 'journald',
  title: 'Journal in memory',
  why: 'journald maps and syncs its files all the time: over NFS flushing them at boot alone took more than 90 seconds',
  cure: `writes Storage=volatile into ${dropIn}`,
  async inspect(tree) {
    const storage = await storageOf(tree)
    if (isInMemory(storage)) return []
    const { path, value } = storage ?? { path: main, value: 'auto' }
    return [`${path} keeps the journal on disk: Storage=${value}`]
  },
  async mend(tree) {
    if (isInMemory(await storageOf(tree))) return []
    const text = '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n'
    return (await putDropIn(tree, dropIn, text)) ? [`${dropIn} says Storage=volatile`] : []
  },
}

async function storageOf(tree: Tree): Promise<Setting | undefined> {
  return await settingOf(tree, 'systemd/journald.conf', 'Journal', 'Storage')
}

function isInMemory(storage: Setting | undefined): boolean {
  return storage?.value === 'volatile' || storage?.value === 'none'
}
