// Request bodies of a given size: a coding conversation with tool results, in which one string in
// four holds sensitive data. @@ marks the places that make every string new (see post.lua).
const CODE = `
static int read_frame(struct peer *p, struct frame *out)
{
    size_t want = sizeof out->head;
    while (p->have < want) {
        ssize_t n = recv(p->fd, p->buf + p->have, want - p->have, 0);
        if (n <= 0)
            return n == 0 ? PEER_CLOSED : -errno; /* the caller logs it */
        p->have += (size_t)n;
    }
    memcpy(&out->head, p->buf, want);
    return frame_check(out, "peer \\"%s\\" sent a bad frame", p->name);
}
`;

function person(i) {
  // Invented at run time; the card number is made to pass its checksum.
  const digits = ['4', ...String(100000000000000 + i * 7919).slice(1, 15)].map(Number);
  let sum = 0;
  digits.forEach((d, k) => { const x = (digits.length - k) % 2 ? d * 2 : d; sum += x > 9 ? x - 9 : x; });
  return `// contact: maria.k${i}@customer-mail.de, card ${digits.join('')}${(10 - (sum % 10)) % 10}\n`;
}

// clean: without sensitive data. events: asks the provider for a stream of so many.
export function body(bytes, { events, clean } = {}) {
  return write(conversation(bytes, '@@', clean), events);
}

// The next turn of a conversation: what was said before is as it was, the last 2 KB are new.
export function turn(bytes) {
  return write([...conversation(bytes - 2048, '1'), ...conversation(2048, '@@')]);
}

function conversation(bytes, mark, clean) {
  const messages = [];
  let size = 300, i = 0;
  while (size < bytes) {
    const want = Math.min(bytes - size, 6000);
    let text = `/* file part ${mark} */\n`;
    if (i % 4 === 0 && !clean) text += person(i);
    while (text.length < want) text += CODE.slice(0, Math.max(1, want - text.length));
    messages.push(i % 2 === 0
      ? { role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${i}`, content: text }] }
      : { role: 'assistant', content: [{ type: 'text', text }] });
    size += JSON.stringify(messages.at(-1)).length;
    i++;
  }
  return messages;
}

function write(messages, events) {
  const request = { model: 'bench-model', max_tokens: 1000, messages };
  if (events !== undefined) { request.stream = true; request.metadata = { 'x-events': events }; }
  return JSON.stringify(request);
}
