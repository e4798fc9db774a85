import { randomBytes } from 'node:crypto'
import type { Fresh } from '../resources/fresh.ts'

/** Identities from the kernel's randomness. */
export function realFresh(): Fresh {
  return {
    machineId: () => randomBytes(16).toString('hex'),
    token: () => randomBytes(32).toString('base64url'),
    hostKey: async (type, comment) => {
      // Imported here, and this file of ssh2 alone: all of it takes 70 ms, and most runs make no key.
      const { default: keygen } = await import('ssh2/lib/keygen.js')
      const pair =
        type === 'ed25519'
          ? keygen.generateKeyPairSync('ed25519', { comment })
          : keygen.generateKeyPairSync('ecdsa', { bits: 256, comment })
      return { privateKey: pair.private, publicKey: pair.public }
    },
  }
}
