import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { UserError } from '../../errors.ts'

const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** The certificates of a file, beside those that Node trusts by itself. */
export async function trustedBeside(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new UserError(`cannot read the certificates in ${file}: ${cause.message}`, { cause })
  })
  const certificates = text.match(pem) ?? []
  if (certificates.length === 0 || !certificates.every(isCertificate))
    throw new UserError(`${file} holds no certificate in PEM`, {
      hint: "it is the controller's tls_cert, or that of whoever signed it",
    })
  return [...rootCertificates, ...certificates]
}

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text)
    return true
  } catch {
    return false
  }
}
