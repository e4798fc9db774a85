import type { ComponentChildren } from 'preact'
import type { Action } from '../live/use-action.ts'

interface ActButtonProps {
  readonly action: Action
  readonly class?: string
  readonly label?: string
  readonly children: ComponentChildren
}

/** Not disabled while it runs: a disabled button loses the focus. */
export function ActButton({ action, label, children, ...rest }: ActButtonProps) {
  return (
    <button
      type="button"
      class={rest.class}
      aria-label={label}
      aria-disabled={action.isRunning}
      onClick={() => action.run()}
    >
      {children}
    </button>
  )
}
