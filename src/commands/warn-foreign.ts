import { isForPis } from '../root-template/architecture.ts'
import type { Ui } from '../ui/ui.ts'

/** No rule's matter: machines that are no Raspberry Pis boot from templates, too, on purpose. */
export function warnForeign(ui: Ui, name: string, architecture: string | undefined): void {
  if (architecture === undefined || architecture === 'unknown' || isForPis(architecture)) return
  ui.warn(
    `${name} is for ${architecture}: no Raspberry Pi runs its programs, which are for arm64 or armhf`,
  )
}
