-- Asks each path that stands behind the address in turn, and tells what came of it as JSON.
local turn, paths = 0, {}

function init(args)
  paths = args
  if #paths > 0 then
    local asked = {}
    for number, path in ipairs(paths) do asked[number] = wrk.format("GET", path) end
    wrk.request = function()
      turn = turn % #asked + 1
      return asked[turn]
    end
  end
end

function done(summary, latency, requests)
  local wrong = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
