// What a provider answers, in each API: the text that it was sent, cut wherever the test says.
export const pieces = (text, n) => {
  const out = []
  const chars = Array.from(text)
  for (let i = 0; i < chars.length; i += n) out.push(chars.slice(i, i + n).join(''))
  return out
}
// Cuts the text right behind each backslash and inside \uXXXX.
const atEscapes = (text) => text.split(/(?<=\\)|(?<=\\u[0-9a-f]{2})/)
const cut = (text, how, tool) => how.delta === 'escape' ? (tool ? atEscapes(text) : pieces(text, 5)) : pieces(text, how.delta ?? 9)
const ascii = (json, how) => how.ascii ? json.replace(/[^\x20-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')) : json
const args = (text, how) => ascii(JSON.stringify({ path: 'a.txt', content: text }), how)
const typed = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const bare = (data) => `data: ${JSON.stringify(data)}\n\n`
const textOf = (content) => typeof content === 'string' ? content : (content ?? []).filter((b) => typeof b.text === 'string').map((b) => b.text).join('')
// JavaScript that writes the text: what stands in the literal is escaped for it
const program = (text) => `tools.write(${JSON.stringify(text)})`

// calls that a test asks for: {name, input} (JSON arguments) or {name, raw} (text for the tool); instead of how.tool
const callsOf = (how, text) => (how.echo?.(text) ?? how.calls ?? []).map((c, i) => ({ ...c, id: `call_g${i}`, json: ascii(JSON.stringify(c.input ?? {}), how) }))

// --- Anthropic Messages ---
function anthropic(body, how) {
  const text = textOf(body.messages.at(-1).content)
  const usage = how.usage ?? { input_tokens: 11, output_tokens: 22 }
  const content = []
  if (how.thinking) content.push({ type: 'thinking', thinking: text, signature: 'c2lnbmF0dXJl'.repeat(8) })
  content.push({ type: 'text', text })
  if (how.tool) content.push({ type: 'tool_use', id: 'toolu_1', name: 'write', input: { path: 'a.txt', content: text } })
  for (const c of callsOf(how, text)) content.push({ type: 'tool_use', id: c.id, name: c.name, input: c.input })
  const stop_reason = how.calls || how.echo ? 'tool_use' : 'end_turn'
  if (!body.stream) return { json: { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content, stop_reason, stop_sequence: null, usage } }
  let out = typed({ type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content: [], stop_reason: null, stop_sequence: null, usage } })
  content.forEach((block, index) => {
    out += typed({ type: 'content_block_start', index, content_block: { ...block, text: '', thinking: '', input: {}, signature: '' } })
    const delta = (d) => { out += typed({ type: 'content_block_delta', index, delta: d }) }
    if (block.type === 'tool_use') for (const p of cut(ascii(JSON.stringify(block.input), how), how, true)) delta({ type: 'input_json_delta', partial_json: p })
    else for (const p of cut(block[block.type], how)) delta({ type: `${block.type}_delta`, [block.type]: p })
    if (block.signature) delta({ type: 'signature_delta', signature: block.signature })
    out += typed({ type: 'content_block_stop', index })
  })
  return { stream: out + typed({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: how.usage ?? { output_tokens: 33 } }) + typed({ type: 'message_stop' }) }
}

// --- OpenAI ---
function chat(body, how) {
  const text = textOf(body.messages.at(-1).content)
  const head = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: body.model }
  const usage = { prompt_tokens: 11, completion_tokens: 33, total_tokens: 44 }
  const call = { id: 'call_1', type: 'function', function: { name: 'write', arguments: args(text, how) } }
  const more = callsOf(how)
  if (!body.stream) return { json: { ...head, choices: [{ index: 0, message: { role: 'assistant', content: text, ...((how.tool || more.length) && { tool_calls: [...(how.tool ? [call] : []), ...more.map((c) => c.raw ? { id: c.id, type: 'custom', custom: { name: c.name, input: c.raw } } : { id: c.id, type: 'function', function: { name: c.name, arguments: c.json } })] }) }, finish_reason: more.length ? 'tool_calls' : 'stop', logprobs: null }], usage } }
  const chunk = (delta, finish_reason = null, more) => bare({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }], ...more })
  let out = chunk({ role: 'assistant', content: '' })
  for (const p of cut(text, how)) out += chunk({ content: p })
  if (how.tool) {
    out += chunk({ tool_calls: [{ index: 0, ...call, function: { name: 'write', arguments: '' } }] })
    for (const p of cut(call.function.arguments, how, true)) out += chunk({ tool_calls: [{ index: 0, function: { arguments: p } }] })
  }
  more.forEach((c, index) => {
    const [type, key, said] = c.raw ? ['custom', 'input', c.raw] : ['function', 'arguments', c.json]
    out += chunk({ tool_calls: [{ index, id: c.id, type, [type]: { name: c.name, [key]: '' } }] })
    for (const p of cut(said, how, true)) out += chunk({ tool_calls: [{ index, [type]: { [key]: p } }] })
  })
  return { stream: out + chunk({}, how.tool || more.length ? 'tool_calls' : 'stop') + bare({ ...head, object: 'chat.completion.chunk', choices: [], usage }) + 'data: [DONE]\n\n' }
}

function completion(body, how) {
  const text = [body.prompt].flat().join('\n')
  const head = { id: 'cmpl-1', object: 'text_completion', created: 1, model: body.model }
  if (!body.stream) return { json: { ...head, choices: [{ index: 0, text, finish_reason: 'stop', logprobs: null }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } }
  return { stream: cut(text, how).map((p) => bare({ ...head, choices: [{ index: 0, text: p, finish_reason: null }] })).join('') + bare({ ...head, choices: [{ index: 0, text: '', finish_reason: 'stop' }] }) + 'data: [DONE]\n\n' }
}

const inputText = (input) => typeof input === 'string' ? input : textOf(input.filter((i) => i.role === 'user').at(-1).content)

const answers = new Map() // the provider keeps the conversation
function responses(body, how) {
  const id = `resp_${answers.size + 1}`
  const conversation = body.conversation?.id ?? body.conversation
  const text = (answers.get(body.previous_response_id ?? conversation) ?? '') + inputText(body.input)
  if (conversation) answers.set(conversation, text)
  answers.set(id, text)
  const items = [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] }]
  if (how.tool) items.push({ type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'write', status: 'completed', arguments: args(text, how) })
  if (how.program) items.push({ type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_2', name: 'exec', status: 'completed', input: program(text) })
  for (const [i, c] of callsOf(how).entries()) {
    const at = { id: `item_g${i}`, call_id: c.id, name: c.name, status: 'completed' }
    items.push(c.raw ? { type: 'custom_tool_call', ...at, input: c.raw } : { type: 'function_call', ...at, arguments: c.json })
  }
  if (how.thinking) items.unshift({ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text }], encrypted_content: 'c2lnbmF0dXJl'.repeat(8) })
  const whole = { id, object: 'response', created_at: 1, status: 'completed', model: body.model ?? 'm', output: items, parallel_tool_calls: true, tools: [], tool_choice: 'auto',
    error: null, incomplete_details: null, instructions: body.instructions ?? null, metadata: {}, temperature: 1, top_p: 1,
    usage: { input_tokens: 11, input_tokens_details: { cached_tokens: 0 }, output_tokens: 33, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 44 } }
  if (!body.stream) return { json: whole }
  let n = 0, out = ''
  const say = (type, data) => { out += typed({ type, sequence_number: n++, ...data }) }
  say('response.created', { response: { ...whole, status: 'in_progress', output: [], usage: null } })
  items.forEach((item, output_index) => {
    const at = { item_id: item.id, output_index }
    const started = { ...item, status: 'in_progress', ...(item.content && { content: [] }), ...(item.arguments && { arguments: '' }), ...(item.input && { input: '' }), ...(item.summary && { summary: [] }) }
    say('response.output_item.added', { output_index, item: started })
    if (item.content) {
      const where = { ...at, content_index: 0 }
      say('response.content_part.added', { ...where, part: { type: 'output_text', text: '', annotations: [] } })
      for (const p of cut(text, how)) say('response.output_text.delta', { ...where, delta: p, logprobs: [] })
      say('response.output_text.done', { ...where, text, logprobs: [] })
      say('response.content_part.done', { ...where, part: item.content[0] })
    } else if (item.arguments) {
      for (const p of cut(item.arguments, how, true)) say('response.function_call_arguments.delta', { ...at, delta: p })
      say('response.function_call_arguments.done', { ...at, arguments: item.arguments, name: item.name })
    } else if (item.input) {
      for (const p of cut(item.input, how, true)) say('response.custom_tool_call_input.delta', { ...at, delta: p })
      say('response.custom_tool_call_input.done', { ...at, input: item.input })
    } else {
      say('response.reasoning_summary_part.added', { ...at, summary_index: 0, part: { type: 'summary_text', text: '' } })
      for (const p of cut(text, how)) say('response.reasoning_summary_text.delta', { ...at, summary_index: 0, delta: p })
      say('response.reasoning_summary_text.done', { ...at, summary_index: 0, text })
      say('response.reasoning_summary_part.done', { ...at, summary_index: 0, part: item.summary[0] })
    }
    say('response.output_item.done', { output_index, item })
  })
  say('response.completed', { response: whole })
  return { stream: out }
}

const itemsOf = (id) => ({ json: { object: 'list', data: [{ type: 'message', id: 'msg_c', role: 'user', content: [{ type: 'input_text', text: answers.get(id) ?? '' }] }], first_id: 'msg_c', last_id: 'msg_c', has_more: false } })
let conversations = 0
function conversation(method, path, body) {
  const [, , , id, items] = path.split('/')
  if (method === 'GET') return items ? itemsOf(id) : { json: { id, object: 'conversation', created_at: 1, metadata: { topic: answers.get(id) ?? '' } } }
  const name = id ?? `conv_${++conversations}`
  answers.set(name, (answers.get(name) ?? '') + (body.items ?? []).map((i) => textOf(i.content)).join(''))
  return items ? itemsOf(name) : { json: { id: name, object: 'conversation', created_at: 1, metadata: body.metadata ?? {} } }
}

const embeddings = (body) => ({ json: { object: 'list', model: body.model, data: [body.input].flat().map((t, index) => ({ object: 'embedding', index, embedding: body.encoding_format === 'base64' ? Buffer.from(new Float32Array([t.length, 1]).buffer).toString('base64') : [t.length, 1] })), usage: { prompt_tokens: 1, total_tokens: 1 } } })

// --- Gemini ---
function gemini(body, how, url) {
  const text = textOf(body.contents.at(-1).parts)
  const signature = 'c2lnbmF0dXJl'.repeat(8)
  const usageMetadata = { promptTokenCount: 11, candidatesTokenCount: 33, totalTokenCount: 44 }
  const say = (parts, finishReason) => ({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...(finishReason && { finishReason }) }], usageMetadata, modelVersion: 'm', responseId: 'r1' })
  const call = { functionCall: { name: 'write', args: { path: 'a.txt', content: text } }, thoughtSignature: signature }
  const calls = callsOf(how).map((c) => ({ functionCall: { name: c.name, args: c.input }, thoughtSignature: signature }))
  const thought = { text: 'thinking about ' + text, thought: true }
  const all = [...(how.thinking ? [thought] : []), { text }, ...(how.tool ? [call] : []), ...calls]
  if (!url.includes(':stream')) return { json: say(all, 'STOP') }
  const events = []
  if (how.thinking) for (const p of cut(thought.text, how)) events.push(say([{ text: p, thought: true }]))
  for (const p of cut(text, how)) events.push(say([{ text: p }]))
  if (how.tool) events.push(say([call]))
  for (const c of calls) events.push(say([c]))
  events.push(say([{ text: '' }], 'STOP'))
  if (!url.includes('alt=sse')) return { array: '[' + events.map((e) => JSON.stringify(e, null, 2)).join(',\r\n') + '\n]\n' }
  return { stream: events.map((e) => `data: ${JSON.stringify(e)}\r\n\r\n`).join('') }
}

const models = (req) => req.headers['x-goog-api-key'] ? { models: [{ name: 'models/m', displayName: 'M', supportedGenerationMethods: ['generateContent'] }] }
  : req.headers['x-api-key'] ? { data: [{ type: 'model', id: 'm', display_name: 'M', created_at: '2026-01-01T00:00:00Z' }], has_more: false, first_id: 'm', last_id: 'm' }
  : { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'x' }] }

// The reply to a request: {json}, {stream} (server-sent events) or {array} (JSON, element by element).
export function reply(req, body, how) {
  const path = req.url.split('?')[0]
  if (req.method === 'GET' && path.includes('/responses/')) return { json: { id: path.split('/').at(-1), object: 'response', output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: answers.get(path.split('/').at(-1)) }] }] } }
  if (path.includes('/conversations')) return conversation(req.method, path, body)
  if (req.method === 'GET') return { json: models(req) }
  if (path.endsWith('/count_tokens')) return { json: { input_tokens: JSON.stringify(body).length } }
  if (path.endsWith('/messages')) return anthropic(body, how)
  if (path.endsWith('/chat/completions')) return chat(body, how)
  if (path.endsWith('/responses')) return responses(body, how)
  if (path.endsWith('/completions')) return completion(body, how)
  if (path.endsWith('/embeddings')) return embeddings(body)
  if (path.endsWith(':countTokens')) return { json: { totalTokens: 99 } }
  if (path.endsWith(':embedContent') || path.endsWith(':batchEmbedContents')) return { json: { embedding: { values: [1, 2] }, embeddings: [{ values: [1, 2] }] } }
  if (path.includes('enerateContent')) return gemini(body, how, req.url)
  return { status: 404, json: { error: 'no such path: ' + path } }
}
