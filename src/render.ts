import { readFileSync } from 'node:fs'
import Handlebars from 'handlebars'
import { packageFile } from './package-file.ts'

const handlebars = Handlebars.create()
const compiled = new Map<string, Handlebars.TemplateDelegate>()

// `strict` lets a misspelt name pass in {{#each name}}: nothing would be written, silently.
const each = handlebars.helpers.each as Handlebars.HelperDelegate
handlebars.registerHelper('each', function (this: unknown, items: unknown, options: unknown) {
  if (!Array.isArray(items)) throw new Error('{{#each}} was given something else than an array')
  return each.call(this, items, options)
})

/**
 * Fills the file `templates/<name>`, e.g. `dhcp/pifarm.conf.hbs`. Nothing is escaped: what goes in
 * is of the narrow alphabets that farm/schema.ts lets through. A name that the view lacks throws.
 */
export function render(name: string, view: Readonly<Record<string, unknown>>): string {
  return templateOf(name)(view)
}

function templateOf(name: string): Handlebars.TemplateDelegate {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const template = handlebars.compile(readFileSync(packageFile(`templates/${name}`), 'utf8'), {
    noEscape: true,
    strict: true,
    knownHelpersOnly: true,
  })
  compiled.set(name, template)
  return template
}
