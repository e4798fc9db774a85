import type { WishPart } from '../../protocol/views.ts'

/** What the parts of a submission are called on the command line. */
export const wishFlags: Readonly<Record<WishPart, string>> = {
  path: 'file',
  priority: '--priority',
  webhook: '--webhook',
  muxer: '--muxid',
  needs: '--label',
  notBefore: '--not-before',
  'settings.ladder': '--ladder',
  'settings.segments': '--segments',
  'settings.encrypt': '--encrypt',
  'settings.onExists': '--replace',
}
