import { settingOf } from '../inside/settings.ts'
import { putText } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const dropIn = '/etc/systemd/journald.conf.d/zz-pifarm.conf'

export const journald: Step = {
  id: 'journald',
  title: 'Journal in memory',
  why: 'journald maps and syncs its files all the time: over NFS flushing them at boot alone took more than 90 seconds',
  cure: `writes Storage=volatile into ${dropIn}`,
  async inspect(tree) {
    const storage = await storageOf(tree)
    return isInMemory(storage)
      ? []
      : [`/etc/systemd/journald.conf keeps the journal on disk: Storage=${storage ?? 'auto'}`]
  },
  async mend(tree) {
    if (isInMemory(await storageOf(tree))) return []
    await putText(tree, dropIn, '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n')
    return [`${dropIn} says Storage=volatile`]
  },
}

async function storageOf(tree: Tree): Promise<string | undefined> {
  return await settingOf(tree, 'systemd/journald.conf', 'Journal', 'Storage')
}

function isInMemory(storage: string | undefined): boolean {
  return storage === 'volatile' || storage === 'none'
}
