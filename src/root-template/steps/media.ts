import { quoted, UserError } from '../../errors.ts'
import { mountedAt } from '../inside/fstab.ts'
import { linesAt, putText, textAt, withLine } from '../inside/texts.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const fstab = '/etc/fstab'

export const media: Step = {
  id: 'media',
  title: 'Media share',
  why: 'the muxer agent reads videos from the share and writes its HLS there; without the line in fstab the user it runs as may not mount it',
  cure: 'adds the line to /etc/fstab, as noauto, so that a Pi boots without the share, and makes the mount point',
  async inspect(tree, wishes) {
    const share = shareOf(wishes)
    if (share === undefined) return []
    const problems: string[] = []
    const source = await mountedFrom(tree, wishes)
    if (source !== share)
      problems.push(`${fstab} mounts ${source ?? 'nothing'} at ${placeOf(wishes)}`)
    if ((await tree.read(placeOf(wishes))) === undefined)
      problems.push(`${placeOf(wishes)} is missing`)
    return problems
  },
  async mend(tree, wishes) {
    const share = shareOf(wishes)
    if (share === undefined) return []
    const place = placeOf(wishes)
    const changed: string[] = []
    if ((await mountedFrom(tree, wishes)) !== share) {
      const kept = (await linesAt(tree, fstab)).filter(
        (line) => mountedAt(line, place) === undefined,
      )
      const line = `${share} ${place} nfs rw,user,noauto,_netdev 0 0`
      await putText(tree, fstab, withLine(kept.join('\n'), line))
      changed.push(`${fstab} mounts ${share} at ${place}`)
    }
    if ((await tree.read(place)) === undefined) {
      await tree.put(place, { kind: 'dir', mode: 0o755 })
      changed.push(`made ${place}`)
    }
    return changed
  },
}

/** What fstab mounts there now. */
async function mountedFrom(tree: Tree, wishes: TemplateWishes): Promise<string | undefined> {
  return mountedAt((await textAt(tree, fstab)) ?? '', placeOf(wishes))?.[0]
}

function placeOf({ user }: TemplateWishes): string {
  return `/home/${user}/remote`
}

function shareOf({ media }: TemplateWishes): string | undefined {
  if (media !== undefined && !/^[\w.-]+:\/[\w./+-]*$/.test(media))
    throw new UserError(`the media share ${quoted(media)} is no NFS share`, {
      hint: 'write it as host:/path, of letters, digits and . _ + - /',
    })
  return media
}
