import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

/** The heading of a view, which is also the title of the tab. */
export function ViewTitle({ text, children }: { text: string; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${text} · pifarm`
  }, [text])
  return (
    <div class="title">
      <h1>{text}</h1>
      {children}
    </div>
  )
}
