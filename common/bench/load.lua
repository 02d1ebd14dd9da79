-- What wrk sends: GET the same path again and again, or press the buy button, each time as the next buyer.
--
-- Arguments: FILE (where the figures go), PATH, and for presses TOKENS, a file with one bearer token a line, and
-- RUN, a word that no run had before: the same keys again would be the same presses again. With PRESSES and MARK it
-- presses so many times, then only looks at the sale, and writes the file MARK when every press is answered. With
-- DOOR the sale has one: each buyer asks for a permit first; those answers count only where there is none.
-- Writes one JSON object: requests, seconds, refused (answers of 400 and above), lost (no answer), p50_ms, p99_ms.
local LOOKS = 200
local path, run, most, mark, door
local headers, nth, answered = {}, -1, 0 -- wrk asks once to see whether we work, and sends nothing
local permits = {} -- that no press has shown yet, each with the number of its buyer
entered = 0 -- how many there were; for done(), which runs apart

function setup(thread) -- for done(), which runs apart from the threads
   threads = threads or {}
   table.insert(threads, thread)
end

function init(args)
   file, path, run, most, mark, door = args[1], args[2], args[4], tonumber(args[5] or ''), args[6], args[7]
   if run then
      for token in io.lines(args[3]) do
         table.insert(headers, token)
      end
   end
   if most or door then
      response = hear
   end
end

function request()
   if not run then
      return wrk.format('GET', path)
   end
   local inside = table.remove(permits)
   if inside then
      return post(path, inside.nth, '{"quantity":1,"permit":"' .. inside.permit .. '"}')
   end
   if nth == most then -- every press is on its way: look at the sale while the last answers come
      return wrk.format('GET', string.match(path, '(.*)/orders'))
   end
   nth = nth + 1
   if door then
      return post(string.match(path, '(.*)/orders') .. '/entry', nth, '{}')
   end
   return post(path, nth, '{"quantity":1}')
end

function post(path, nth, body)
   return wrk.format('POST', path, {
      ['Authorization'] = 'Bearer ' .. headers[(nth - 1) % #headers + 1],
      ['Content-Type'] = 'application/json',
      ['Idempotency-Key'] = run .. '-' .. nth,
      ['X-Request-Id'] = tostring(nth), -- which the answer has too
   }, body)
end

function hear(status, told, body)
   local permit = door and string.match(body, '"permit":"([^"]+)"')
   if permit then
      entered = entered + 1
      table.insert(permits, { permit = permit, nth = tonumber(told['x-request-id'] or told['X-Request-Id']) })
   end
   answered = answered + 1
   if most and answered >= most + entered + LOOKS then -- no connection waits for the answer to a press any more
      io.open(mark, 'w'):close()
   end
end

function done(summary, latency, requests)
   local out = io.open(threads[1]:get('file'), 'w')
   local errors = summary.errors
   out:write(string.format(
      '{"requests":%d,"seconds":%.3f,"refused":%d,"lost":%d,"p50_ms":%.3f,"p99_ms":%.3f}',
      summary.requests - threads[1]:get('entered'), summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
   out:close()
end
