// Workbooks and documents as office programs write them: ZIP containers, made here byte by byte so that a test can spoil them.
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

export function zip(files) {
  const parts = [], central = []
  let at = 0
  for (const [name, text] of files) {
    const data = Buffer.from(text), packed = deflateRawSync(data), n = Buffer.from(name)
    const head = Buffer.alloc(30), entry = Buffer.alloc(46)
    head.writeUInt32LE(0x04034b50, 0); head.writeUInt16LE(20, 4); head.writeUInt16LE(8, 8); head.writeUInt32LE(0x58210000, 10)
    head.writeUInt32LE(crc32(data), 14); head.writeUInt32LE(packed.length, 18); head.writeUInt32LE(data.length, 22); head.writeUInt16LE(n.length, 26)
    entry.writeUInt32LE(0x02014b50, 0); entry.writeUInt16LE(20, 4); entry.writeUInt16LE(20, 6); entry.writeUInt16LE(8, 10); entry.writeUInt32LE(0x58210000, 12)
    entry.writeUInt32LE(crc32(data), 16); entry.writeUInt32LE(packed.length, 20); entry.writeUInt32LE(data.length, 24); entry.writeUInt16LE(n.length, 28); entry.writeUInt32LE(at, 42)
    parts.push(head, n, packed); central.push(entry, n)
    at += 30 + n.length + packed.length
  }
  const size = central.reduce((s, b) => s + b.length, 0), end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(files.length, 8); end.writeUInt16LE(files.length, 10); end.writeUInt32LE(size, 12); end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...central, end])
}

// Members by name, read from the central directory.
export function unzip(b) {
  const out = {}
  const end = b.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  let at = b.readUInt32LE(end + 16)
  for (let i = b.readUInt16LE(end + 10); i > 0; i--) {
    const n = b.readUInt16LE(at + 28), packed = b.readUInt32LE(at + 20), local = b.readUInt32LE(at + 42)
    const name = b.subarray(at + 46, at + 46 + n).toString()
    const from = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28)
    const data = b.subarray(from, from + packed)
    out[name] = (b.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data).toString()
    at += 46 + n + b.readUInt16LE(at + 30) + b.readUInt16LE(at + 32)
  }
  return out
}

export const esc = (s) => s.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

// sheets: [name, rows of cells (null: no cell), merged areas]
export function xlsx(sheets, more = []) {
  const strings = [], index = (s) => { const i = strings.indexOf(s); return i < 0 ? strings.push(s) - 1 : i }
  const column = (i) => String.fromCharCode(65 + i)
  const body = sheets.map(([, rows, merged = []]) => head + `<worksheet xmlns="${main}"><sheetPr/><dimension ref="A1"/><sheetData>` +
    rows.map((r, y) => `<row r="${y + 1}" spans="1:5">` + r.map((c, x) => c === null ? '' : c === '' ? `<c r="${column(x)}${y + 1}" s="3"/>` : `<c r="${column(x)}${y + 1}" s="2" t="s"><v>${index(c)}</v></c>`).join('') + '</row>').join('') +
    '</sheetData>' + (merged.length ? `<mergeCells count="${merged.length}">${merged.map((m) => `<mergeCell ref="${m}"/>`).join('')}</mergeCells>` : '') + '<pageMargins left="0.7" right="0.7"/></worksheet>')
  return zip([
    ['[Content_Types].xml', head + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'],
    ['_rels/.rels', head + '<Relationships/>'],
    ['xl/workbook.xml', head + `<workbook xmlns="${main}" xmlns:r="${rel}"><sheets>${sheets.map(([n], i) => `<sheet name="${esc(n)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', head + `<Relationships>${sheets.map((_, i) => `<Relationship Id="rId${i + 1}" Type="t" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}</Relationships>`],
    ['xl/sharedStrings.xml', head + `<sst xmlns="${main}">${strings.map((s) => `<si><t xml:space="preserve">${esc(s)}</t></si>`).join('')}</sst>`],
    ['xl/styles.xml', head + '<styleSheet/>'],
    ...body.map((b, i) => [`xl/worksheets/sheet${i + 1}.xml`, b]),
    ...more,
  ])
}

export const p = (t) => t === '' ? '<w:p/>' : `<w:p><w:pPr><w:spacing w:after="0"/></w:pPr><w:r><w:t xml:space="preserve">${esc(t)}</w:t></w:r></w:p>`
export const table = (rows) => `<w:tbl><w:tblPr/>${rows.map((r) => `<w:tr>${r.map((c) => `<w:tc><w:tcPr/>${p(c)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`
export function docx(body, more = []) {
  return zip([
    ['[Content_Types].xml', head + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'],
    ['word/document.xml', head + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}<w:sectPr/></w:body></w:document>`],
    ['word/styles.xml', head + '<w:styles/>'],
    ...more,
  ])
}

// RFC 4180, for what we wrote.
export function csv(text) {
  const rows = [[]]
  for (let i = 0; i < text.length;) {
    let cell = ''
    if (text[i] === '"') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) { if (text[i] === '"') i++; cell += text[i] }
      i++
    } else { while (i < text.length && !',\r\n'.includes(text[i])) cell += text[i++] }
    rows.at(-1).push(cell)
    if (text[i] === ',') { i++; continue }
    if (text[i] === '\r') i++
    if (text[i] === '\n') i++
    if (i < text.length) rows.push([])
  }
  const [names, ...rest] = rows
  return rest.map((r) => Object.fromEntries(names.map((n, i) => [n, r[i]])))
}
