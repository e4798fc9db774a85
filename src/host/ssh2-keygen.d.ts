/** A file of ssh2 that its types leave out: its entry loads a whole client and server besides. */
declare module 'ssh2/lib/keygen.js' {
  import type { utils } from 'ssh2'

  const keygen: Pick<typeof utils, 'generateKeyPairSync'>
  export default keygen
}
