// Bundles the console into ../build/web: index.html and assets with content hashes in their names,
// so that assets may be cached for ever and index.html never.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "build", "web");
const assets = join(out, "assets");

await rm(out, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

const done = await build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.js", sheet: "css/console.css" },
  outdir: assets,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const made = (source) => Object.entries(done.metafile.outputs).find(([, made]) => made.entryPoint === source)[0].split("/").pop();
const script = made("src/main.js");
const sheet = made("css/console.css");

const icon = await readFile(join(here, "mark.svg"));
const mark = `mark-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
await copyFile(join(here, "mark.svg"), join(assets, mark));

const page = (await readFile(join(here, "index.html"), "utf8"))
  .replace("{{mark}}", `/assets/${mark}`)
  .replace("{{sheet}}", `/assets/${sheet}`)
  .replace("{{script}}", `/assets/${script}`);
await writeFile(join(out, "index.html"), page);
await writeFile(join(assets, "licences.txt"), await licences());

// nginx sends these in place of the files beside them to whoever accepts it.
for (const name of await readdir(assets))
  if (/\.(js|css|svg)$/.test(name)) await writeFile(join(assets, `${name}.gz`), gzipSync(await readFile(join(assets, name)), { level: 9 }));

// The bundle holds other people's work; their terms travel with it.
async function licences() {
  const names = ["preact", "htm", "@preact/signals", "@preact/signals-core", "qrcode-generator"];
  const parts = [];
  for (const name of names) {
    const dir = join(here, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
    const file = (await readdir(dir)).find((entry) => /^licen[cs]e/i.test(entry));
    const terms = file ? await readFile(join(dir, file), "utf8") : `Licence: ${license}`;
    parts.push(`${name} ${version}\n\n${terms.trim()}\n`);
  }
  return parts.join("\n----\n\n");
}
