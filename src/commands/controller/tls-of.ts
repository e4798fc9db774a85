import { createSecureContext } from 'node:tls'
import { quoted, UserError } from '../../errors.ts'
import { readText } from '../../host/read-text.ts'
import type { Tools } from '../../tools.ts'

interface Tls {
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
}

/** The certificate and its key, as texts that fit together. */
export async function tlsOf({ nas }: Tools, { tlsCert, tlsKey }: Tls) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UserError('--tls-cert and --tls-key belong together')
  const text = async (path: string): Promise<string> => {
    // certbot lays links, and leads them to the newest.
    const found = await readText(nas, path)
    if (found === undefined) throw new UserError(`there is no file ${quoted(path)}`)
    return found
  }
  const tls = { cert: await text(tlsCert), key: await text(tlsKey) }
  try {
    createSecureContext(tls)
  } catch (error) {
    const { reason, message } = error as Error & { reason?: string }
    throw new UserError(
      `${quoted(tlsCert)} and ${quoted(tlsKey)} are no certificate with its key: ${reason ?? message}`,
      {
        hint: 'both are PEM, as `openssl x509 -in FILE` and `openssl pkey -in FILE` read it',
        cause: error,
      },
    )
  }
  return tls
}
