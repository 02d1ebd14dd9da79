-- What wrk sends: GET the same path again and again, or press the buy button, each time as the next buyer.
--
-- Arguments: FILE (where the figures go), PATH, and for presses TOKENS, a file with one bearer token a line, and
-- RUN, a word that no run had before: the same keys again would be the same presses again.
-- Writes one JSON object: requests, seconds, refused (answers of 400 and above), lost (no answer), p50_ms, p99_ms.
local path, run
local headers, nth = {}, 0

function setup(thread) -- for done(), which runs apart from the threads
   threads = threads or {}
   table.insert(threads, thread)
end

function init(args)
   file, path, run = args[1], args[2], args[4]
   if run then
      for token in io.lines(args[3]) do
         table.insert(headers, token)
      end
   end
end

function request()
   if not run then
      return wrk.format('GET', path)
   end
   nth = nth + 1
   return wrk.format('POST', path, {
      ['Authorization'] = 'Bearer ' .. headers[(nth - 1) % #headers + 1],
      ['Content-Type'] = 'application/json',
      ['Idempotency-Key'] = run .. '-' .. nth,
   }, '{"quantity":1}')
end

function done(summary, latency, requests)
   local out = io.open(threads[1]:get('file'), 'w')
   local errors = summary.errors
   out:write(string.format(
      '{"requests":%d,"seconds":%.3f,"refused":%d,"lost":%d,"p50_ms":%.3f,"p99_ms":%.3f}',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
   out:close()
end
