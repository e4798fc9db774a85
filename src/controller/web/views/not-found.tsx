import { ViewTitle } from '../parts/view-title.tsx'

export function NotFoundView() {
  return (
    <>
      <ViewTitle text="Nothing here" />
      <p class="empty">
        There is no such view. <a href="#/">Back to the farm</a>
      </p>
    </>
  )
}
