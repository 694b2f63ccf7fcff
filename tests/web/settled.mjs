// When a page of the console has what it asked for. Sooner than Playwright's 'networkidle', which waits half a second.
const QUIET_MS = 120, MOST_MS = 15000

export function watched(page) {
  page.asking = 0
  page.on('request', () => page.asking++)
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => page.asking--)
  return page
}

// Two frames on a page that asks for nothing: what came is drawn, and led to no further question.
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))

export async function settled(page) {
  const begun = Date.now()
  for (let quiet = begun; Date.now() - quiet < QUIET_MS; await page.waitForTimeout(20)) {
    await drawn(page)
    if (page.asking > 0) quiet = Date.now()
    if (Date.now() - begun > MOST_MS) throw new Error(`${page.url()}: ${page.asking} requests without an end`)
  }
}
