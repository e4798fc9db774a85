import type { MediaDir } from '../media-dir.ts'
import type { Queue } from '../queue/queue.ts'

/** What the routes work with. */
export interface Controller {
  readonly queue: Queue
  readonly media: MediaDir | undefined
  /** Held requests answer when it fires: the controller stops. */
  readonly stopping: AbortSignal
  readonly version: string
}
