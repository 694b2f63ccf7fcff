-- wrk script: posts the template named by BENCH_BODY. Each @@ in it becomes a number of its own, so
-- that no string that holds one was seen before.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
local template = file:read("*a")
file:close()
local parts, at = {}, 1
while true do
  local from, to = template:find("@@", at, true)
  if not from then break end
  parts[#parts + 1] = template:sub(at, from - 1)
  at = to + 1
end
parts[#parts + 1] = template:sub(at)
local id, count = math.random(1, 1000000), 0

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["anthropic-version"] = "2023-06-01"
wrk.headers["x-api-key"] = os.getenv("BENCH_KEY")
for name, value in (os.getenv("BENCH_HEADERS") or ""):gmatch("([^:\n]+): ([^\n]+)") do wrk.headers[name] = value end

function init(args)
  math.randomseed(os.time() + id)
  id = math.random(100, 999)
end

function request()
  count = count + 1
  return wrk.format(nil, nil, nil, table.concat(parts, string.format("%03d%07d", id, count)))
end

-- Milliseconds before each request, so that the machine is not busy with nothing else.
local pause = tonumber(os.getenv("BENCH_PAUSE") or "")
if pause then
  function delay() return math.random(0, 2 * pause) end
end

function done(summary, latency, requests)
  io.write(string.format("BENCH %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
