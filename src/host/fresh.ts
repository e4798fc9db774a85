import { randomBytes } from 'node:crypto'
import type { Fresh } from '../resources/fresh.ts'

/** Identities from the kernel's randomness. */
export function realFresh(): Fresh {
  return {
    machineId: () => randomBytes(16).toString('hex'),
    token: () => randomBytes(32).toString('base64url'),
    hostKey: async (type, comment) => {
      // Imported here since it costs 70 ms, and most runs make no key.
      const { default: ssh2 } = await import('ssh2')
      const pair =
        type === 'ed25519'
          ? ssh2.utils.generateKeyPairSync('ed25519', { comment })
          : ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment })
      return { privateKey: pair.private, publicKey: pair.public }
    },
  }
}
