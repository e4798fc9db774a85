/** Randomness, handed in so that plans can be tested. */
export interface Fresh {
  /** 32 lower-case hex digits, as /etc/machine-id wants them (machine-id(5)). */
  machineId(): string
  /** A secret of 43 letters, digits, - and _. */
  token(): string
  /** A new ssh host key pair in OpenSSH's own formats. */
  hostKey(type: 'ed25519' | 'ecdsa', comment: string): Promise<HostKey>
}

export interface HostKey {
  readonly privateKey: string
  /** One line: type, base64, comment. */
  readonly publicKey: string
}
