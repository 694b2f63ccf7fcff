// A length of time as people say it: its two largest units.
const UNITS = [[86400000, "day"], [3600000, "hour"], [60000, "minute"]];

export function span(ms) {
  const parts = [];
  let rest = Math.abs(ms);
  for (const [size, name] of UNITS) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0 && parts.length < 2) parts.push(`${n} ${name}${n === 1 ? "" : "s"}`);
    else if (parts.length > 0) break;
  }
  return parts.join(" ") || "less than a minute";
}
