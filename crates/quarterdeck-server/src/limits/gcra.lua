-- Takes one out of a bucket; gcra.rs says the same in Rust.
-- KEYS: the bucket. ARGV: microseconds in which one comes back, how many fit in.
-- Answers: allowed (1 or 0), remaining, microseconds until it is full, microseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local whole = interval * tonumber(ARGV[2])
local kept = tonumber(redis.call('GET', KEYS[1]) or now)
-- Also to its end when a clock was set back, which must lock nobody out for as long as it was wrong.
local full = math.min(math.max(kept, now), now + whole)
local after = full + interval
local allowed = after <= now + whole
if allowed then
  full = after
end
if allowed or kept > full then
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
end
if not allowed then
  return { 0, 0, full - now, after - now - whole }
end
return { 1, math.floor((now + whole - full) / interval), full - now, 0 }
