//! For tests of what stands twice, in Rust and in Lua.

use redis::Script;

/// A script that takes the time from its last two arguments, seconds and microseconds, instead of from Redis.
pub(super) fn at_chosen_times(source: &str) -> Script {
    let asked = "redis.call('TIME')";
    assert!(source.contains(asked));
    Script::new(&source.replace(asked, "{ ARGV[#ARGV - 1], ARGV[#ARGV] }"))
}
