import { announce } from '../live/announce.ts'

/** Browsers let a page copy over HTTPS and on the own machine alone. */
export function CopyButton({ what, text }: { what: string; text: string }) {
  if (navigator.clipboard === undefined) return null
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    announce(`${what} copied`)
  }
  return (
    <button type="button" class="quiet copy" aria-label={`Copy: ${what}`} onClick={copy}>
      Copy
    </button>
  )
}
