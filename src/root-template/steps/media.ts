import { quoted, UserError } from '../../errors.ts'
import { mountedAt } from '../inside/fstab.ts'
import { linesAt, putText, textAt, withLine } from '../inside/texts.ts'
import { mediaDirOf } from '../media-places.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

const fstab = '/etc/fstab'
const automount = 'x-systemd.automount'
/** noauto is for `mount -a`: systemd passes over it where there is an automount. */
const usual = `rw,noauto,nosuid,nodev,noexec,_netdev,${automount},x-systemd.mount-timeout=30`

export const media: Step = {
  id: 'media',
  title: 'Media share',
  why: 'the muxer agent reads videos from the share and writes its HLS there; it may not mount it itself, and a Pi that mounts it at boot hangs while the share is away',
  cure: 'adds the line of the share given with --media to /etc/fstab, with x-systemd.automount, so that it is mounted when it is first looked at, and makes the mount point',
  async inspect(tree, wishes) {
    const share = shareOf(wishes)
    if (share === undefined) return []
    const problems: string[] = []
    const [source, , , options] = (await mounted(tree, wishes)) ?? []
    if (source !== share)
      problems.push(`${fstab} mounts ${source ?? 'nothing'} at ${mediaDirOf(wishes)}`)
    else if (!isAutomount(options))
      problems.push(`${fstab} does not mount ${share} by itself when it is needed`)
    if ((await tree.read(mediaDirOf(wishes))) === undefined)
      problems.push(`${mediaDirOf(wishes)} is missing`)
    return problems
  },
  async mend(tree, wishes) {
    const share = shareOf(wishes)
    if (share === undefined) return []
    const place = mediaDirOf(wishes)
    const changed: string[] = []
    const [source, , , options] = (await mounted(tree, wishes)) ?? []
    if (source !== share || !isAutomount(options)) {
      const kept = (await linesAt(tree, fstab)).filter(
        (line) => mountedAt(line, place) === undefined,
      )
      // What a person has set for this very share stays.
      const all = source === share && options !== undefined ? `${options},${automount}` : usual
      await putText(tree, fstab, withLine(kept.join('\n'), `${share} ${place} nfs ${all} 0 0`))
      changed.push(`${fstab} mounts ${share} at ${place}`)
    }
    if ((await tree.read(place)) === undefined) {
      await tree.put(place, { kind: 'dir', mode: 0o755 })
      changed.push(`made ${place}`)
    }
    return changed
  },
}

/** The fields of the line in fstab for that place. */
async function mounted(tree: Tree, wishes: TemplateWishes): Promise<readonly string[] | undefined> {
  return mountedAt((await textAt(tree, fstab)) ?? '', mediaDirOf(wishes))
}

function isAutomount(options = ''): boolean {
  return options.split(',').includes(automount)
}

function shareOf({ media }: TemplateWishes): string | undefined {
  if (media !== undefined && !/^[\w.-]+:\/[\w./+-]*$/.test(media))
    throw new UserError(`the media share ${quoted(media)} is no NFS share`, {
      hint: 'write it as host:/path, of letters, digits and . _ + - /',
    })
  return media
}
