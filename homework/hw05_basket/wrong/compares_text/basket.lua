-- Take every product in a basket, or none of them. Sent twice, it takes once.
--
-- KEYS[1] baskets   hash: press -> the basket that it took, written as you like
-- KEYS[2] …         for each product of the basket a number: how many are left. No key: none are left.
-- ARGV[1] press     who pressed, and the key of the press
-- ARGV[2] …         how many of KEYS[2] … are wanted, 1 or more
--
-- Returns {"taken"}         taken now, or by this press before
--         {"sold_out", n}   nothing was taken: of the n-th product (1 for KEYS[2]) too few are left
--         {"other_basket"}  this press came before, with another basket; nothing was taken
-- <todo> Take the basket, and answer.
local basket = table.concat(KEYS, ' ', 2) .. ' ' .. table.concat(ARGV, ' ', 2)
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before then -- before the stock is looked at: who has the basket is not told that it is sold out
    return {before == basket and 'taken' or 'other_basket'}
end
for i = 2, #KEYS do -- all looks come before the first change: a script is not rolled back
    if (redis.call('GET', KEYS[i]) or '0') < ARGV[i] then
        return {'sold_out', i - 1}
    end
end
for i = 2, #KEYS do
    redis.call('DECRBY', KEYS[i], ARGV[i])
end
redis.call('HSET', KEYS[1], ARGV[1], basket)
return {'taken'}
-- </todo>
