// Numbers, times and digests as people read them: UTC, grouped digits, short digests.
const grouped = new Intl.NumberFormat("en-GB");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const count = (n) => (Number.isFinite(n) ? grouped.format(n) : "–");

export const many = (n, one, more) => `${count(n)} ${n === 1 ? one : (more ?? `${one}s`)}`;

const two = (n) => String(n).padStart(2, "0");

export function date(at) {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? null : d;
}

export function clock(at) {
  const d = date(at);
  return d ? `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}` : "–";
}

export function day(at) {
  const d = date(at);
  return d ? `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}` : "–";
}

export const moment = (at) => (date(at) ? `${day(at)} ${clock(at)} UTC` : "–");

// In a list: the time alone for today, with the day for anything older.
export function listed(at, now = Date.now()) {
  if (!date(at)) return "–";
  return day(at) === day(now) ? clock(at) : `${day(at).replace(/ \d{4}$/, "")} ${clock(at)}`;
}

export function took(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 10) return `${ms.toFixed(2).replace(/\.?0+$/, "")} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 100000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`;
}

export const bytes = (n) => many(n, "byte");

// "7f3a 0c91 e25d …": enough to compare by eye. Takes hex or base64.
export function digest(text, groups = 3) {
  const hex = asHex(text);
  if (!hex) return "–";
  const parts = hex.match(/.{1,4}/g).slice(0, groups);
  return parts.join(" ") + (hex.length > groups * 4 ? " …" : "");
}

export function asHex(text) {
  if (!text) return "";
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  try {
    return Array.from(atob(text), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return "";
  }
}

export const shortId = (id) => (id.length > 13 ? `${id.slice(0, 10)} ${id.slice(-4)}` : id);

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
