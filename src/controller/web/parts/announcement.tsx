import { announced } from '../live/announce.ts'

export function Announcement() {
  const { text, count } = announced.value
  return (
    <div role="status" class="announcement">
      {text !== '' && <p key={count}>{text}</p>}
    </div>
  )
}
