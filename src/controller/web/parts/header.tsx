import { link } from '../live/live.ts'
import { signOut } from '../live/session.ts'
import { route } from '../route.ts'
import { Mark } from './mark.tsx'

const views = [
  { name: '', href: '#/', text: 'Farm' },
  { name: 'jobs', href: '#/jobs', text: 'Jobs' },
  { name: 'submit', href: '#/submit', text: 'Submit' },
] as const

const links = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Lost',
} as const

export function Header() {
  const current = route.value.parts[0] ?? ''
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="pifarm, to the farm">
        <Mark /> <span>pifarm</span>
      </a>
      <nav aria-label="Views">
        {views.map(({ name, href, text }) => (
          <a key={name} href={href} aria-current={name === current ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <span class={`link link-${link.value}`}>
        <span>{links[link.value]}</span>
      </span>
      <button type="button" class="quiet" onClick={() => signOut()}>
        Sign out
      </button>
    </header>
  )
}
