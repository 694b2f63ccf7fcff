// A provider that speaks every API badly on purpose: it cuts its stream wherever the test says,
// answers with what it was sent, and keeps every byte it received.
import http from 'node:http'
import { gzipSync } from 'node:zlib'
import { reply } from './replies.mjs'

export class Provider {
  received = []
  // how to answer: {delta, bytes, tool, program, thinking, ascii, crlf, gzip, fail, usage}; hold: what to wait for before
  how = {}

  async start() {
    this.server = http.createServer((req, res) => this.#take(req, res))
    // a test that waits for a child holds up this process too: idle connections would all be closed at
    // once behind it, just when the next request comes
    this.server.keepAliveTimeout = 60000
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

  async #send(res, status, type, text) {
    const { how } = this
    let bytes = Buffer.from(text)
    const headers = { 'content-type': type, 'request-id': 'req_provider' }
    if (how.gzip) {
      bytes = gzipSync(bytes)
      headers['content-encoding'] = 'gzip'
    }
    res.writeHead(status, headers)
    if (how.fail === 'reset') {
      res.write(bytes.subarray(0, bytes.length >> 1))
      await new Promise((done) => setTimeout(done, 50))
      return res.destroy()
    }
    const n = how.bytes ?? bytes.length
    for (let i = 0; i < bytes.length; i += n) if (!res.write(bytes.subarray(i, i + n))) await new Promise((done) => res.once('drain', done))
    res.end()
  }

  async #answer(req, res, raw) {
    const { how } = this
    await this.hold?.()
    if (how.fail === 'refuse') return req.socket.destroy()
    if (how.fail === 'redirect') return res.writeHead(how.status, { location: how.to }).end()
    if (how.fail === 'status') return this.#send(res, how.status, 'application/json', JSON.stringify(how.body ?? { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }))
    const r = reply(req, raw.length ? JSON.parse(raw) : null, how)
    if (r.stream) return this.#send(res, 200, 'text/event-stream', how.crlf && !r.stream.includes('\r') ? r.stream.replaceAll('\n', '\r\n') : r.stream)
    return this.#send(res, r.status ?? 200, 'application/json', r.array ?? JSON.stringify(r.json))
  }
}
