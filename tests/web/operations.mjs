// The table of operations in src/daemon/paths.c, as data.
import { readFileSync } from 'node:fs'

export const ROLES = ['owner', 'compliance', 'security', 'developer', 'approver', 'auditor']

export function operations() {
  const source = readFileSync(new URL('../../src/daemon/paths.c', import.meta.url), 'utf8')
  const sets = Object.fromEntries([...ROLES, 'nobody', 'visitor'].map((r) => [`ROLE_${r.toUpperCase()}`, [r]]))
  const of = (text) => {
    const names = text.replace(/[()]/g, '').split('|').map((w) => w.trim())
    let out = []
    for (const n of names) {
      const [base, but] = n.split('& ~').map((w) => w.trim())
      if (base !== '0u' && !sets[base]) throw new Error(`${base} is no set of roles`)
      out.push(...(sets[base] ?? []).filter((r) => !but || !sets[but].includes(r)))
    }
    return [...new Set(out)].sort()
  }
  for (const [, name, text] of source.matchAll(/^#define ([A-Z]+) ((?:\(?ROLE_|\([A-Z]+ |0u).*?)\s*(?:\/\*.*)?$/gm)) sets[name] = of(text)
  return [...source.matchAll(/^\s*\{"([A-Z]+)", "(\/[^"]+)", (\w+), ([A-Z_| ]+)(?:, ([A-Z_]+))?\},/gm)]
    .map(([, method, path, handler, roles, limit]) => ({ method: method.toLowerCase(), path, handler, roles: of(roles), limit: limit ?? 'WHOLE' }))
}
