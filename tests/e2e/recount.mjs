// The figures of a report worked out again from the entries of the log alone, by other code than the product's: what
// docs/formats/controls.md says of states, docs/formats/reports.md of figures.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const load = (name) => parse(readFileSync(new URL(`../../catalog/${name}.yaml`, import.meta.url), 'utf8'))
const { controls, frequency_rules: rules } = load('controls'), { criteria, categories } = load('criteria'), registry = load('events')
const planned = new Set(registry.planned.map((p) => p.type))
const span = (text) => Number(text.slice(0, -1)) * (text.endsWith('h') ? 3600e3 : 86400e3)
const YEAR = 366 * 86400e3
const idOf = (x) => x.id ?? x
const says = (v) => v === true || (typeof v === 'number' ? v !== 0 : typeof v === 'string' ? v !== '' : v && typeof v === 'object' ? Object.keys(v).length > 0 : false)
// Of what somebody planted himself, or aimed elsewhere, nothing follows.
const counts = (e) => !e.body.own_value && !e.body.elsewhere
const outcome = (e) => (e.body.broken ? 'broken' : e.body.attacks && !e.body.failed && e.body.held === e.body.attacks ? 'held' : 'failed')

// logs: {name: entries}; the logs of probes are to be left out by the caller.
export class Recount {
  constructor(logs) {
    this.all = Object.entries(logs).flatMap(([log, entries]) => entries.map((e, index) => ({ ...e, log, index, ms: Date.parse(e.ts) })))
    this.all.sort((a, b) => a.ms - b.ms)
    this.types = new Map()
    for (const e of this.all) this.types.has(e.type) ? this.types.get(e.type).push(e) : this.types.set(e.type, [e])
  }
  until(type, at, where) {
    const [member, value] = Object.entries(where ?? {})[0] ?? []
    const has = (e) => !member || ((type !== 'probe.completed' || (counts(e) && outcome(e) !== 'failed')) && (value === '*' ? says(e.body[member]) : String(e.body[member]) === String(value)))
    return (this.types.get(type) ?? []).filter((e) => e.ms <= at && has(e))
  }
  newest(types, at, where) { return Math.max(-1, ...types.map((t) => this.until(t, at, where).at(-1)?.ms ?? -1)) }

  scope(at) {
    const e = this.until('scope.decided', at).at(-1)
    return e && { categories: e.body.categories, excluded: e.body.excluded.map((x) => x.control) }
  }
  inScope(scope, category) { return !scope || category === idOf(categories[0]) || scope.categories.includes(category) }

  // Runs of each of its probes.
  runs(k, at) {
    const names = [...new Set([k.probe, ...(k.test.probes ?? [])].filter(Boolean))], each = names.map(() => [])
    for (const e of this.until('probe.completed', at)) {
      if (!names.length || !counts(e) || !(e.body.control ? e.body.control === k.id : names.includes(e.body.probe))) continue
      each[Math.max(0, names.indexOf(e.body.probe))].push({ ms: e.ms, outcome: outcome(e) })
    }
    return each
  }
  // Of each probe the newest run that could run; of them one that got through, else one that held.
  run(k, at) {
    const last = this.runs(k, at).map((runs) => runs.filter((r) => r.outcome !== 'failed').at(-1)).filter(Boolean)
    return last.sort((a, b) => (a.outcome === b.outcome ? b.ms - a.ms : a.outcome === 'broken' ? -1 : 1))[0]
  }
  // Occurrences within the last year that the limit asks for and that are not there.
  missed(k, at) {
    const limit = this.fresh(k), from = at - YEAR
    if (['event', 'continuous'].includes(k.frequency)) return { n: 0, last: 0 }
    const runs = this.runs(k, at).reduce((most, x) => (x.length > most.length ? x : most), []), first = k.test.sources?.[0]
    let times = []
    if (runs.length && k.automation === 'auto') times = runs.filter((r) => r.outcome !== 'failed').map((r) => r.ms)
    else if (first?.events.length === 1) times = this.until(first.events[0], at, first.where).map((e) => e.ms)
    let n = 0, last = 0
    for (let i = 0; i < times.length; i++) {
      const a = times[i], b = times[i + 1] ?? at
      if (b < from || b - a <= limit) continue
      const begin = Math.max(a, from)
      n += b - begin > limit ? Math.floor((b - begin - 1) / limit) : 1
      last = b
    }
    return { n, last }
  }
  fresh(k) { return span(k.evidence.freshness_limit ?? rules[k.frequency].freshness_limit) }

  control(k, at, scope) {
    if (scope?.excluded.includes(k.id)) return 'not_applicable'
    if (!k.tsc.some((id) => this.inScope(scope, criteria.find((c) => c.id === id).category))) return 'not_applicable'
    const event = k.frequency === 'event', nil = rules[k.frequency].nil_return_every && span(rules[k.frequency].nil_return_every)
    const good = (ms, within) => ms >= 0 && at - ms <= within
    const nils = this.until('nil.returned', at, { control: k.id }).at(-1)?.ms ?? -1
    const sources = (k.test.sources ?? []).map((x) => ({
      feed: x.feed === true, all_planned: x.events.every((t) => planned.has(t)),
      fresh: good(this.newest(x.events, at, x.where), x.within ? span(x.within) : event ? nil : this.fresh(k)) || ((x.or_nil || event) && good(nils, nil ?? span(rules.event.nil_return_every))),
    }))
    const probes = [k.probe, ...(k.test.probes ?? [])].filter(Boolean), run = this.run(k, at)
    const held = run?.outcome === 'held' && at - run.ms <= this.fresh(k)
    const broken = (k.test.broken_by ?? []).some((b) => {
      const bad = this.newest(b.events, at, b.where), over = this.newest(b.until ?? [], at, b.where)
      return bad >= 0 && !(over >= bad) && !(run?.outcome === 'held' && run.ms > bad) && !(!b.until && !probes.length && !good(bad, this.fresh(k)))
    })
    const own = sources.filter((x) => !x.feed), feeds = sources.filter((x) => x.feed), missed = this.missed(k, at)
    if (broken || run?.outcome === 'broken') return 'not_met'
    if (!sources.some((x) => x.fresh) && !held) return 'no_data'
    if (own.some((x) => !x.fresh) || (probes.length && !held) || feeds.some((x) => !x.fresh)) return 'partly'
    return missed.n && at - missed.last <= this.fresh(k) ? 'partly' : 'met'
  }
  states(at) {
    const scope = this.scope(at), of = Object.fromEntries(controls.map((k) => [k.id, this.control(k, at, scope)]))
    const judged = criteria.map((c) => {
      const s = c.controls.map((id) => of[id]).filter((x) => x !== 'not_applicable')
      if (!this.inScope(scope, c.category) || !s.length) return [c.id, 'not_applicable']
      return [c.id, s.includes('not_met') ? 'not_met' : s.every((x) => x === 'met') ? 'met' : s.every((x) => x === 'no_data') ? 'no_data' : 'partly']
    })
    return { controls: of, criteria: Object.fromEntries(judged) }
  }

  // Records of a register as of a moment: {id, state, fields, log, index} from their steps.
  records(register, at) {
    const steps = new Map(registry.events.filter((e) => e.record?.register === register).map((e) => [e.type, e.record.to]))
    const now = new Map()
    for (const e of this.all) {
      if (!steps.has(e.type) || e.ms > at) continue
      const id = e.body[register], was = now.get(id)
      now.set(id, { id, state: steps.get(e.type) ?? was?.state, fields: { ...was?.fields, ...e.body }, log: e.log, index: e.index })
    }
    return [...now.values()]
  }
  entries(types, from, to, sizes) {
    return types.flatMap((t) => this.types.get(t) ?? []).filter((e) => e.ts >= from && e.ts < to && e.index < (sizes[e.log] ?? 0))
  }
}
export { controls, criteria, registry }
