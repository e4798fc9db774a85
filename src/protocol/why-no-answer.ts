/**
 * Why no answer came, for a person. The two mistakes that look like an absent controller are named: asking
 * by HTTPS where only HTTP is spoken, and the other way round.
 */
export function whyNoAnswer(error: unknown, { protocol, host }: URL): string {
  // Both address families were tried.
  if (error instanceof AggregateError)
    return error.errors.map((each) => whyNoAnswer(each, { protocol, host } as URL)).join(', ')
  if (!(error instanceof Error)) return String(error)
  const { code, message, name } = error as NodeJS.ErrnoException
  // The text of OpenSSL names a line of its source.
  if (speaksNoTls(error)) return `it speaks no TLS: is it http://${host}?`
  if (code === 'ECONNRESET' && protocol === 'http:')
    return `${message || name}; if it speaks TLS, it is https://${host}`
  return message || name
}

/** No handshake: asked again, it would say the same. */
export function speaksNoTls(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPROTO'
}
