import { expect, test } from 'vitest'
import { controllerHere } from '../controller-here.ts'
import { nas, openBrowser, visit } from './browser.ts'

/** By a name, as from another machine: there a browser may be told to fetch by HTTPS what is HTTP alone. */
test('the API is told at /docs, each route with its schemas; it can be tried; nothing is fetched elsewhere', async () => {
  const controller = await controllerHere()
  const browser = await openBrowser()
  const address = `http://${nas}:${new URL(controller.address).port}`
  const { page, complaints } = await visit(browser, address)
  await page.goto(`${address}/docs`)
  await page.getByRole('heading', { name: 'pifarm controller' }).waitFor()
  const route = page
    .locator('.opblock', { hasText: 'GET' })
    .filter({ hasText: '/v1/muxers' })
    .first()
  await route.getByRole('button').first().click()
  await route.getByText('quarantined').first().waitFor()
  await route.getByRole('button', { name: 'Try it out' }).click()
  await route.getByRole('button', { name: 'Execute' }).click()
  await route.locator('.live-responses-table').getByText('"muxers": []').waitFor()
  expect(complaints).toEqual([])
  await browser.close()
  await controller.remove()
})
