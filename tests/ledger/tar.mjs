// A tar of the one form that Custos writes, made of {name, content}.
export function header({ name, content, type = '0', link = '' }) {
  const h = Buffer.alloc(512)
  h.write(name, 0); h.write('0000644', 100); h.write('0000000', 108); h.write('0000000', 116)
  h.write(content.length.toString(8).padStart(11, '0'), 124); h.write('00000000000', 136)
  h.fill(' ', 148, 156); h.write(type, 156); h.write(link, 157); h.write('ustar\0', 257); h.write('00', 263)
  h.write(h.reduce((a, b) => a + b, 0).toString(8).padStart(6, '0') + '\0', 148)
  h[155] = 32
  return h
}
export const tarOf = (all) => Buffer.concat([...all.flatMap((m) => [header(m), m.content, Buffer.alloc((512 - m.content.length % 512) % 512)]), Buffer.alloc(1024)])
