import type { Refusal } from '../live/ask.ts'

/** What went wrong and what to do, in the words of the controller. */
export function Trouble({ refusal }: { refusal: Refusal | undefined }) {
  if (refusal === undefined) return null
  const { message, hint } = refusal
  return (
    <p role="alert" class="trouble">
      <strong>{sentence(message)}</strong>
      {hint !== undefined && ` ${sentence(hint)}`}
    </p>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('?') ? '' : '.'}`
}
