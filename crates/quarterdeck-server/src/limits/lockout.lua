-- Counts failed sign-ins, and locks names and addresses; lockout.rs says the same in Rust.
-- KEYS: the name's count, the address's count. ARGV: the deed, failures that lock a name, an address; microseconds of
-- the first lock, of the longest, of quiet after which failures are forgotten.
-- Answers: microseconds that the lock lasts which is in the way.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local deed = ARGV[1]
local first, longest, quiet = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local function stored(number)
  return string.format('%.0f', number)
end

local function left(key)
  local locked = tonumber(redis.call('HGET', key, 'locked_until') or 0)
  -- A clock that was set back must lock nobody out for as long as it was wrong.
  if locked > now + longest then
    locked = now + longest
    redis.call('HSET', key, 'locked_until', stored(locked), 'until', stored(locked + quiet))
    redis.call('PEXPIRE', key, math.ceil((longest + quiet) / 1000))
  end
  return math.max(locked - now, 0)
end

local function count(key, run)
  if tonumber(redis.call('HGET', key, 'until') or 0) <= now then
    redis.call('DEL', key)
  end
  local failures = redis.call('HINCRBY', key, 'failures', 1)
  local locked = tonumber(redis.call('HGET', key, 'locked_until') or 0)
  if failures % run == 0 then
    locked = now + math.min(first * 2 ^ math.min(failures / run - 1, 10), longest)
    redis.call('HSET', key, 'locked_until', stored(locked))
  end
  local forget = math.max(locked, now) + quiet
  redis.call('HSET', key, 'until', stored(forget))
  redis.call('PEXPIRE', key, math.ceil((forget - now) / 1000))
end

if deed == 'try' then
  local wait = math.max(left(KEYS[1]), left(KEYS[2]))
  if wait == 0 then
    count(KEYS[1], tonumber(ARGV[2]))
  end
  return wait
elseif deed == 'fail' then
  count(KEYS[2], tonumber(ARGV[3]))
else
  redis.call('DEL', KEYS[1])
end
return 0
