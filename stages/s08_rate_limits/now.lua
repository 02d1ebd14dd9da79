-- What time it is. All processes ask one server, so they have one clock: their own may differ, and a press may wait
-- for long between the look at a clock and the script.
--
-- Returns unix µs
local time = redis.call('TIME')
return time[1] * 1000000 + time[2]
