// The provider of the bench: answers at once, echoes the surrogates that it saw, and writes each
// SSE event by itself, as providers do. Its own CPU is not measured.
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';

const port = Number(process.argv[2]);
const [cert, key] = process.argv.slice(3, 5).map((f) => readFileSync(f)); // without them: no TLS
const MARK = /CUSTOS_[A-Z]{4}_[A-Za-z0-9]{24}/;

function event(type, data) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

function stream(res, events, word) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const queue = [
    event('message_start', { message: { id: 'msg_bench', type: 'message', role: 'assistant',
      content: [], usage: { input_tokens: 10, output_tokens: 1 } } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ];
  for (let i = 0; i < events; i++) {
    // Every tenth delta carries a surrogate, cut in two.
    let text = `token ${i} of an answer about the customer table, `;
    if (i % 10 === 3) text = `written to ${word.slice(0, 11)}`;
    if (i % 10 === 4) text = `${word.slice(11)} and so on, `;
    queue.push(event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }));
  }
  queue.push(event('content_block_stop', { index: 0 }));
  queue.push(event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: events } }));
  queue.push(event('message_stop', {}));
  let i = 0;
  const next = () => {
    if (i === queue.length) return res.end();
    res.write(queue[i++]);
    setImmediate(next);
  };
  next();
}

// A stream that is held open: its first event at once, the rest when the client has gone.
function hold(req, res) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write(event('message_start', { message: { id: 'msg_bench', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 10, output_tokens: 1 } } }));
  req.socket.on('error', () => {});
}

function answer(req, res) {
  const parts = [];
  req.on('data', (d) => parts.push(d));
  req.on('end', () => {
    const body = Buffer.concat(parts).toString('latin1');
    const found = MARK.exec(body);
    const word = found ? found[0] : 'jane.doe.0123456789@customer.example';
    if (body.includes('"x-hold"')) return hold(req, res);
    const wanted = /"x-events":(\d+)/.exec(body);
    if (wanted) return stream(res, Number(wanted[1]), word);
    const answer = JSON.stringify({ id: 'msg_bench', type: 'message', role: 'assistant',
      content: [{ type: 'text', text: `Done for ${word}, as asked.` }], model: 'bench',
      stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 12 } });
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    res.end(answer);
  });
}

const server = cert ? https.createServer({ cert, key }, answer) : http.createServer(answer);
server.keepAliveTimeout = 60000;
server.listen(port, '127.0.0.1', 1024, () => process.stdout.write('ready\n'));
