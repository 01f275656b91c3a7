//! How often something may be done, as a site writes it: `60/min`, `60/min, burst 100`, `5000/h`, `off`.

use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// Larger numbers would not be a limit, and Redis's Lua could no longer count their microseconds exactly.
const MOST: u32 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Quota {
    /// Not counted at all.
    Off,
    At(Rate),
}

/// So many in each period, evenly; after a pause up to `burst` of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub amount: u32,
    pub period_seconds: u32,
    pub burst: u32,
}

#[derive(Debug, Error)]
#[error(
    "{0:?} is not a limit: write \"60/min\", \"60/min, burst 100\", \"5000/h\" or \"off\" (s, min, h; 1 to 1000000)"
)]
pub struct NotAQuota(String);

impl Rate {
    /// One of them comes back after this time. Never 0.
    pub(super) fn interval_us(self) -> i64 {
        i64::from(self.period_seconds) * 1_000_000 / i64::from(self.amount)
    }
}

impl FromStr for Quota {
    type Err = NotAQuota;

    fn from_str(text: &str) -> Result<Quota, NotAQuota> {
        if text.trim() == "off" {
            return Ok(Quota::Off);
        }
        rate(text).map(Quota::At).ok_or_else(|| NotAQuota(text.to_owned()))
    }
}

fn rate(text: &str) -> Option<Rate> {
    let (rate, burst) = text.split_once(',').map_or((text, None), |(rate, burst)| (rate, Some(burst)));
    let (amount, period) = rate.split_once('/')?;
    let period_seconds = match period.trim() {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    let amount = number(amount)?;
    // Without a word about it, a whole period's worth.
    let burst = burst.map_or(Some(amount), |burst| number(burst.trim().strip_prefix("burst ")?))?;
    Some(Rate { amount, period_seconds, burst })
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (1..=MOST).contains(number))
}

impl TryFrom<String> for Quota {
    type Error = NotAQuota;

    fn try_from(text: String) -> Result<Quota, NotAQuota> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("60/min", (60, 60, 60))]
    #[case("60/min, burst 100", (60, 60, 100))]
    #[case(" 5000 / h ,burst  1 ", (5000, 3600, 1))]
    #[case("1000000/s", (1_000_000, 1, 1_000_000))]
    fn reads_an_amount_a_period_and_a_burst(
        #[case] text: &str,
        #[case] (amount, period_seconds, burst): (u32, u32, u32),
    ) {
        assert_eq!(text.parse::<Quota>().unwrap(), Quota::At(Rate { amount, period_seconds, burst }));
    }

    #[rstest]
    fn what_is_no_limit_is_an_error_that_shows_how_one_is_written(
        #[values(
            "",
            "60",
            "60/",
            "/min",
            "0/min",
            "-1/min",
            "+5/min",
            "60/day",
            "60/min,",
            "60/min, 100",
            "60/min, burst",
            "60/min, burst 0",
            "60/min, burst 100, burst 5",
            "1000001/s",
            "1e3/s",
            "Off",
            "none"
        )]
        text: &str,
    ) {
        let error = text.parse::<Quota>().unwrap_err().to_string();
        assert!(error.contains("\"60/min, burst 100\""), "{error}");
    }
}
