import type { WishPart } from '../../../protocol/views.ts'

const words: Readonly<Record<WishPart, string>> = {
  path: 'file',
  priority: 'priority',
  webhook: 'webhook',
  muxer: 'Pi',
  needs: 'labels',
  notBefore: 'start',
  'settings.ladder': 'ladder',
  'settings.segments': 'segments',
  'settings.encrypt': 'encryption',
  'settings.onExists': 'answer to HLS that is there',
}

export function partWords(parts: readonly WishPart[]): string {
  return parts.map((part) => words[part]).join(', ')
}
