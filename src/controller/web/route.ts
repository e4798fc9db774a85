import { computed, signal } from '@preact/signals'

/** What stands after the `#`: a path of parts, and what is asked of that view. */
export interface Route {
  readonly parts: readonly string[]
  readonly query: URLSearchParams
}

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

export const route = computed<Route>(() => {
  const [path = '', query = ''] = hash.value.replace(/^#\/?/, '').split('?')
  return {
    parts: path.split('/').filter((part) => part !== ''),
    query: new URLSearchParams(query),
  }
})

export function linkTo(path: string, query: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const text = new URLSearchParams(given).toString()
  return `#/${path}${text === '' ? '' : `?${text}`}`
}

export function go(link: string): void {
  location.hash = link
}

/** Another filter of the same view: the back button does not go through each letter that was typed. */
export function goQuietly(link: string): void {
  history.replaceState(null, '', link)
  hash.value = link
}
