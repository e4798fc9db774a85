import type { Refusal } from '../live/ask.ts'

/** What went wrong and what to do, in the words of the controller. */
export function Trouble({ refusal }: { refusal: Refusal | undefined }) {
  if (refusal === undefined) return null
  const { message, hint } = refusal
  return (
    <p role="alert" class="trouble">
      <strong>{message.charAt(0).toUpperCase() + message.slice(1)}.</strong>
      {hint !== undefined && ` ${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`}
    </p>
  )
}
