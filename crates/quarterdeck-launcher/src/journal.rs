//! The launcher's own record of whom it started and stopped, on whose word: a JSON line each, appended, root's alone.
//! Opened for each line, so that log rotation needs no signal.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

pub(crate) struct Journal {
    path: PathBuf,
}

#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) request: &'static str,
    pub(crate) caller_uid: u32,
    pub(crate) caller_pid: i32,
    /// As the caller wrote it; JSON keeps what it holds from looking like another line.
    pub(crate) user: &'a str,
    /// `None`: there is no such account.
    pub(crate) uid: Option<u32>,
    /// "started", "running", "stopped", "was not running", or the refusal's code.
    pub(crate) result: String,
}

#[derive(Serialize)]
struct Dated<'a> {
    time: String,
    #[serde(flatten)]
    line: &'a Line<'a>,
}

impl Journal {
    pub(crate) fn new(path: PathBuf) -> Journal {
        Journal { path }
    }

    pub(crate) fn write(&self, line: &Line<'_>) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&Dated { time: utc(SystemTime::now()), line })?;
        bytes.push(b'\n');
        // One write, so that lines of two threads do not mix.
        File::options().append(true).create(true).mode(0o600).open(&self.path)?.write_all(&bytes)
    }
}

/// RFC 3339, to the second.
fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // A calendar of 400 years that begins on 1 March, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::Duration;

    // Checked with `date -u -d @…`.
    #[rstest]
    #[case(0, "1970-01-01T00:00:00Z")]
    #[case(951_782_399, "2000-02-28T23:59:59Z")]
    #[case(951_782_400, "2000-02-29T00:00:00Z")]
    #[case(1_735_689_599, "2024-12-31T23:59:59Z")]
    #[case(4_107_542_400, "2100-03-01T00:00:00Z")]
    fn times_are_utc(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), text);
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let user = "x\n{\"request\":\"start\"}\u{1b}[31m";
        let line =
            Line { request: "start", caller_uid: 1, caller_pid: 2, user, uid: None, result: "no_such_user".into() };
        Journal::new(path.clone()).write(&line).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["user"], user);
    }
}
