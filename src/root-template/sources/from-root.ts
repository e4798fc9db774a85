import { exitCodes, quoted, UserError } from '../../errors.ts'
import { type Farm, rootOf } from '../../farm/farm.ts'
import type { Host } from '../../host/host.ts'
import type { Workshop } from '../../host/workshop.ts'
import { sharesBlocks, sizeOf } from '../../resources/rootfs/free-space.ts'
import { refuseMounted } from '../../resources/rootfs/in-use.ts'
import { refuseMountsBelow } from '../../resources/rootfs/mounts-below.ts'
import type { Source } from '../source.ts'

/** An existing root becomes a template: the article's HLS-Muxer-Template. */
export function fromRoot(
  nas: Host,
  workshop: Workshop,
  farm: Farm,
  { name, live }: { readonly name: string; readonly live: boolean },
): Source {
  const root = rootOf(farm, { name: name as never })
  let bytes = 0
  return {
    kind: 'root',
    description: `root ${name}`,
    async survey() {
      const top = await nas.list(root)
      if (top?.get('etc') !== 'dir')
        throw new UserError(`there is no root ${quoted(name)} in ${farm.paths.roots}`, {
          hint: 'name a Pi, see: pifarm list',
        })
      const isMounted = live ? [] : await refuseUnlessOff(nas, farm, name)
      await refuseMountsBelow(nas, [root])
      bytes = await sizeOf(nas, root)
      return { bytes: (await sharesBlocks(nas, root)) ? 0 : bytes, facts: isMounted }
    },
    async fetch({ into }, report, signal) {
      await workshop.copyTree(root, into, (done) => report({ done, total: bytes }), signal)
      return {
        sha256: undefined,
        notes: live ? [`${name} may have been running: files it was writing may be torn`] : [],
      }
    },
  }
}

/** A Pi that runs writes into its root while it is copied. Answers warnings. */
async function refuseUnlessOff(nas: Host, farm: Farm, name: string): Promise<string[]> {
  try {
    return await refuseMounted(farm, nas, [name])
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError(cause.message, {
      hint: 'shut it down first, or copy it as it runs with --live',
      exitCode: exitCodes.usage,
      cause,
    })
  }
}
