/** What has changed, so that pages and waiting muxers hear of it at once. */
export type News =
  | { readonly kind: 'job'; readonly id: number }
  | { readonly kind: 'muxer'; readonly id: string }
  /** There may be something to claim. */
  | { readonly kind: 'work' }
  /** Some of the news may have been missed. */
  | { readonly kind: 'gap' }

/** Carries news among the controllers of one database. News may be lost: whoever hears also looks by itself now and then. */
export interface Bulletin {
  tell(...news: readonly News[]): void
  /** Answers what ends the hearing. */
  hear(listener: (news: News) => void): () => void
  close(): Promise<void>
}

/** For the only controller of a database. */
export function localBulletin(): Bulletin {
  const listeners = new Set<(news: News) => void>()
  return {
    tell: (...news) => {
      for (const one of news) for (const listener of listeners) listener(one)
    },
    hear: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => listeners.clear(),
  }
}
