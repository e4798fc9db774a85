import { expect, onTestFinished, test } from 'vitest'
import { register } from '../../../src/controller/queue/muxers.ts'
import { certificateHere } from '../certificate-here.ts'
import { controllerHere } from '../controller-here.ts'
import { registration } from '../played-agent.ts'
import { nas, openBrowser, visit } from './browser.ts'

test('the page by HTTPS: signed in by a cookie that goes over nothing else, and live', async () => {
  const { tls } = certificateHere(onTestFinished)
  const controller = await controllerHere({ tls })
  const browser = await openBrowser()
  const address = `https://${nas}:${new URL(controller.address).port}`
  const { page, complaints } = await visit(browser, address, { ignoreHTTPSErrors: true })
  expect(await page.context().cookies()).toMatchObject([{ secure: true, httpOnly: true }])
  await page.getByText('No Pi has come yet').waitFor()
  await register(controller.queue, '1', registration)
  await page.getByRole('listitem').filter({ hasText: 'HLSPi1' }).getByText('Idle').waitFor()
  expect(complaints).toEqual([])
  await browser.close()
  await controller.remove()
})
