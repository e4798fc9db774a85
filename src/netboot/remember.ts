/** A flood of made-up MACs must not fill the memory of a `find-serial` left running for days. */
const mostRemembered = 4096

/** Keeps the newest last, so that the oldest is forgotten first. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  forgetOldest(map)
}

/** Makes room where there is too much. */
export function forgetOldest<K>(kept: Set<K> | Map<K, unknown>): void {
  if (kept.size <= mostRemembered) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}
