import type { Heard } from './dhcp-client.ts'
import type { Granted } from './dhcp-request.ts'
import type { BootOffer } from './offer.ts'
import type { TftpAnswer } from './tftp-transfer.ts'

/** What came to a DISCOVER, in a few words for the timeline. */
export function heardText(heard: Heard): string {
  switch (heard.kind) {
    case 'offer':
      return offerText(heard.offer)
    case 'refused':
      return `OFFER refused: ${heard.refusal.why}`
    case 'unsent':
      return notSent(heard.code)
    case 'silence':
      return 'no answer'
  }
}

function offerText({ address, tftpServer, isAssumed }: BootOffer): string {
  const what = `${address}, files from ${tftpServer}`
  return isAssumed ? `not asked; the farm has ${what}` : `OFFER of ${what}`
}

export function grantedText(granted: Granted): string {
  switch (granted.kind) {
    case 'ack':
      return granted.isAssumed ? 'not asked' : `ACK of ${granted.address} from ${granted.server}`
    case 'nak':
      return `NAK from ${granted.server}${granted.why}`
    case 'unsent':
      return notSent(granted.code)
    case 'silence':
      return 'no answer'
  }
}

export function answerText(answer: TftpAnswer): string {
  switch (answer.kind) {
    case 'file':
      return `${answer.bytes.length} bytes`
    case 'probed':
      return answer.size === undefined ? 'is there' : `is there, ${answer.size} bytes`
    case 'error':
      return `error ${answer.code}: ${answer.message}`
    case 'too-big':
      return 'too big'
    case 'too-slow':
      return 'too slow'
    case 'unsent':
      return notSent(answer.code)
    case 'silence':
      return 'no answer'
  }
}

function notSent(code: string): string {
  return `could not be sent: ${code}`
}
