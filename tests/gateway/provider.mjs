// A provider that speaks the Anthropic Messages API badly on purpose: it cuts its stream wherever the
// test says, answers with what it was sent, and keeps every byte it received.
import http from 'node:http'
import { gzipSync } from 'node:zlib'

const sse = (name, data) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
const pieces = (text, n) => {
  const out = []
  const chars = Array.from(text)
  for (let i = 0; i < chars.length; i += n) out.push(chars.slice(i, i + n).join(''))
  return out
}
// Cuts the text right behind each backslash and inside \uXXXX.
const atEscapes = (text) => text.split(/(?<=\\)|(?<=\\u[0-9a-f]{2})/)

const lastText = (body) => {
  const last = body.messages.at(-1).content
  return typeof last === 'string' ? last : last.filter((b) => b.type === 'text').map((b) => b.text).join('')
}

export class Provider {
  received = []
  // how to answer: {delta, bytes, tool, thinking, fail, usage}; hold: what to wait for before
  how = {}

  async start() {
    this.server = http.createServer((req, res) => this.#take(req, res))
    this.server.on('connection', (s) => s.on('error', () => {}))
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done))
    this.port = this.server.address().port
    this.url = `http://127.0.0.1:${this.port}`
    return this
  }
  stop() {
    this.server.closeAllConnections()
    return new Promise((done) => this.server.close(done))
  }

  #take(req, res) {
    const parts = []
    req.on('data', (d) => parts.push(d))
    req.on('end', () => {
      const raw = Buffer.concat(parts)
      this.received.push({ method: req.method, url: req.url, headers: req.rawHeaders, body: raw })
      Promise.resolve(this.#answer(req, res, raw)).catch((e) => res.destroy(e))
    })
  }

  #json(res, status, value) {
    let out = Buffer.from(JSON.stringify(value))
    const headers = { 'content-type': 'application/json', 'request-id': 'req_provider' }
    if (this.how.gzip) {
      out = gzipSync(out)
      headers['content-encoding'] = 'gzip'
    }
    res.writeHead(status, headers).end(out)
  }

  async #answer(req, res, raw) {
    const { how } = this
    await this.hold?.()
    if (how.fail === 'refuse') return req.socket.destroy()
    if (how.fail === 'redirect') return res.writeHead(how.status, { location: how.to }).end()
    if (how.fail === 'status') return this.#json(res, how.status, { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } })
    if (req.url.startsWith('/v1/models')) return this.#json(res, 200, { data: [{ type: 'model', id: 'm', display_name: 'M', created_at: '2026-01-01T00:00:00Z' }], has_more: false, first_id: 'm', last_id: 'm' })
    const body = JSON.parse(raw)
    if (req.url.startsWith('/v1/messages/count_tokens')) return this.#json(res, 200, { input_tokens: raw.length })
    const text = lastText(body)
    const usage = how.usage ?? { input_tokens: 11, output_tokens: 22 }
    const content = []
    if (how.thinking) content.push({ type: 'thinking', thinking: text, signature: 'c2lnbmF0dXJl'.repeat(8) })
    content.push({ type: 'text', text })
    if (how.tool) content.push({ type: 'tool_use', id: 'toolu_1', name: 'write', input: { path: 'a.txt', content: text } })
    if (!body.stream) return this.#json(res, 200, { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content, stop_reason: 'end_turn', stop_sequence: null, usage })
    await this.#stream(res, body, content, usage)
  }

  async #stream(res, body, content, usage) {
    const { how } = this
    let out = sse('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content: [], stop_reason: null, stop_sequence: null, usage } })
    content.forEach((block, index) => {
      out += sse('content_block_start', { index, content_block: { ...block, text: '', thinking: '', input: {}, signature: '' } })
      if (block.type === 'tool_use') {
        const json = how.ascii ? JSON.stringify(block.input).replace(/[^\x20-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')) : JSON.stringify(block.input)
        for (const p of how.delta === 'escape' ? atEscapes(json) : pieces(json, how.delta ?? 9)) out += sse('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: p } })
      } else {
        const key = block.type === 'text' ? 'text' : 'thinking'
        for (const p of how.delta === 'escape' ? pieces(block[key], 5) : pieces(block[key], how.delta ?? 9)) out += sse('content_block_delta', { index, delta: { type: `${key}_delta`, [key]: p } })
        if (block.signature) out += sse('content_block_delta', { index, delta: { type: 'signature_delta', signature: block.signature } })
      }
      out += sse('content_block_stop', { index })
    })
    out += sse('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: how.usage ?? { output_tokens: 33 } }) + sse('message_stop', {})
    if (how.crlf) out = out.replaceAll('\n', '\r\n')
    let bytes = Buffer.from(out)
    const headers = { 'content-type': 'text/event-stream' }
    if (how.gzip) {
      bytes = gzipSync(bytes)
      headers['content-encoding'] = 'gzip'
    }
    res.writeHead(200, headers)
    if (how.fail === 'reset') {
      res.write(bytes.subarray(0, bytes.length >> 1))
      await new Promise((done) => setTimeout(done, 50))
      return res.destroy()
    }
    const n = how.bytes ?? bytes.length
    for (let i = 0; i < bytes.length; i += n) if (!res.write(bytes.subarray(i, i + n))) await new Promise((done) => res.once('drain', done))
    res.end()
  }
}
