-- For wrk: what a run has come to, as one line of JSON. Times are in microseconds.
function done(summary, latency, requests)
  local errors = summary.errors
  local line = '{"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "connect": %d, "read": %d, "write": %d, ' ..
    '"status": %d, "timeout": %d}'
  print(line:format(summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
