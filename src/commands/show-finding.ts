import type { HostName } from '../farm/schema.ts'
import type { Finding } from '../netboot/find-serials.ts'
import { netbootModels } from '../netboot/models.ts'

/** A finding for a person, or as one line of JSON. `name`: the Pi of the farm that has this serial. */
export function showFinding(finding: Finding, name: HostName | undefined, json: boolean): string {
  const addPi = name === undefined ? addPiLine(finding) : undefined
  if (json) return JSON.stringify({ ...finding, time: isoTime(finding), name, addPi })
  const { serial, mac, address, models, file, daemon, certain, doubt } = finding
  const board = mac === undefined ? 'MAC unknown' : `${mac}${certain ? '' : ' (not certain)'}`
  const kind = models.map((model) => netbootModels[model].name).join(' or ')
  const when = isoTime(finding) ?? 'some time'
  const lines = [
    [serial ?? 'unknown ', board, address, kind, name].filter(Boolean).join('  '),
    `  ${daemon === 'dhcp' ? `said so by ${file}` : `asked ${daemon} for ${file}`}, ${when}`,
    doubt ? `  not certain: ${doubt}` : undefined,
    addPi ? `  ${addPi}` : undefined,
    serial === undefined
      ? '  its EEPROM has TFTP_PREFIX=2: set it to 0 (rpi-eeprom-config), or read the serial on it'
      : undefined,
  ]
  return lines.filter((line) => line !== undefined).join('\n')
}

/** Ready to be typed; undefined where the pair is not certain. The farm's model need not be said. */
function addPiLine({ serial, mac, models, certain }: Finding): string | undefined {
  if (!certain || serial === undefined || mac === undefined) return undefined
  const [model] = models
  const isPi3 = model === undefined || models.includes('3b')
  return `pifarm add-pi --mac ${mac} --serial ${serial}${isPi3 ? '' : ` --model ${model}`}`
}

function isoTime({ time }: Finding): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}
