import { findBoot } from '../inside/find-boot.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** What Raspberry Pi Imager and people put on a boot partition for the first boot. */
const secrets =
  /^(?:failed_)?(?:userconf(?:\.txt)?|custom\.toml|firstrun\.sh|wpa_supplicant\.conf|user-data|network-config|meta-data)$/

export const bootSecrets: Step = {
  id: 'boot-secrets',
  title: 'Secrets among the boot files',
  why: 'TFTP shows the boot files to everybody in the network: password hashes, Wi-Fi keys and first-boot scripts among them too',
  cure: 'removes them: nothing of a farm reads them',
  async inspect(tree) {
    return (await found(tree)).map((path) => `${path} would be served to everybody`)
  },
  async mend(tree) {
    const paths = await found(tree)
    for (const path of paths) await tree.put(path, undefined)
    return paths.map((path) => `removed ${path}`)
  },
}

async function found(tree: Tree): Promise<readonly string[]> {
  const at = await findBoot(tree, '')
  if (at === undefined) return []
  const { boot, bootEntries } = at
  return [...bootEntries]
    .filter(([name, kind]) => kind === 'file' && secrets.test(name))
    .map(([name]) => `${boot}/${name}`)
    .sort()
}
