import { signal } from '@preact/signals'

/** Ticks, so that "12 s ago" is true. */
export const now = signal(performance.now())
setInterval(() => {
  now.value = performance.now()
}, 1000)

/** `4 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })
const dayAndClock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** The time of day, with the day where it is not today's. */
export function instant(text: string): string {
  const date = new Date(text)
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? clock.format(date) : dayAndClock.format(date)
}

const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' })

export function dayOf(text: string): string {
  return day.format(new Date(text))
}

export function hourOf(text: string): string {
  return clock.format(new Date(text))
}
