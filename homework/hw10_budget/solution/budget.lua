-- Earn a part of a retry, or take a retry, if there is one.
--
-- KEYS[1]       the bucket of one service: nothing else is kept, and nothing in another key. How you write it is up
--               to you. It expires `keep` ms after the last first try or the last retry that was made, or up to a second
--               later; whether a retry that was refused counts too is up to you
-- ARGV[1]       'first': a first try is about to be made, and earns 1/per of a retry
--               'retry': somebody wants to try again, which costs a whole one
-- ARGV[2]       per, ARGV[3] most, ARGV[4] keep
--               `per` first tries earn one retry; at most `most` retries are saved up. Whole numbers
--
-- A bucket that is not there is empty.
--
-- Returns 1     go on: always, for a first try
--         0     no retry now
-- <todo> Earn or take, and say whether to go on.
local per, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local saved = tonumber(redis.call('GET', KEYS[1]) or 0) -- in parts of a retry, which are whole: 1/per may be none
if ARGV[1] == 'first' then
    saved = math.min(saved + 1, most * per)
elseif saved < per then
    return 0
else
    saved = saved - per
end
redis.call('SET', KEYS[1], saved, 'PX', ARGV[4])
return 1
-- </todo>
