// What the schema of OSCAL 1.1.3 has to say against a document.
import { readFileSync } from 'node:fs'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'

let valid
export function oscalFaults(document) {
  if (!valid) {
    const ajv = new Ajv({ strict: false, allErrors: true })
    addFormats(ajv)
    valid = ajv.compile(JSON.parse(readFileSync(new URL('../data/oscal/oscal_complete_schema.json', import.meta.url), 'utf8')))
  }
  return valid(document) ? [] : valid.errors.map((e) => `${e.instancePath} ${e.message}`)
}
