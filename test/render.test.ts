import { expect, test } from 'vitest'
import { render } from '../src/render.ts'

const ports = { mountd: 1, statd: 2, statdOutgoing: 3, lockd: 4 }

test('fills a template without escaping', () => {
  expect(render('nfs-ports/modprobe.conf.hbs', { lockd: '"&<' })).toContain('nlm_tcpport="&<')
})

test('a name that the view lacks throws', () => {
  const { lockd, ...rest } = ports
  expect(() => render('nfs-ports/pifarm.conf.hbs', rest)).toThrow(/lockd/)
})

test.each([undefined, {}, 'text'])('each refuses %j instead of writing nothing', (pis) => {
  const view = { declareSubnet: false, nas: '10.77.0.1', pis }
  expect(() => render('dhcp/pifarm.conf.hbs', view)).toThrow(/array/)
})
