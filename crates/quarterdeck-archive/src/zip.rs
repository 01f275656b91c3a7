//! The zip format (PKWARE's APPNOTE 6.3), as far as it is met: written and read one entry at a time, so that an archive
//! of a million entries takes no more memory than one of ten. ZIP64 where sizes ask for it.

pub mod read;
pub mod write;

use chrono::{DateTime, Datelike, Local, NaiveDate, TimeZone, Timelike};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const END_64_BYTES: usize = 56;
const LOCATOR_64_BYTES: usize = 20;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const ENCRYPTED: u16 = 1;
const UTF_8: u16 = 1 << 11;

const HOST_DOS: u8 = 0;
const HOST_UNIX: u8 = 3;
const HOST_NTFS: u8 = 10;

const EXTRA_ZIP_64: u16 = 0x0001;
const EXTRA_TIMES: u16 = 0x5455;
/// A name in UTF-8 beside one in the encoding of the machine that made the archive.
const EXTRA_UTF_8_PATH: u16 = 0x7075;

/// MS-DOS' date and time of day: local, in steps of two seconds, from 1980 to 2107.
fn dos_time(seconds: i64) -> (u16, u16) {
    let local = DateTime::from_timestamp(seconds, 0).map(|time| time.with_timezone(&Local));
    let Some(local) = local.filter(|local| (1980..=2107).contains(&local.year())) else { return (0, 0x21) };
    let time = (local.hour() << 11) | (local.minute() << 5) | (local.second() / 2);
    let date = (local.year() - 1980) as u32 * 512 + local.month() * 32 + local.day();
    (time as u16, date as u16)
}

/// Seconds since 1970; `None`: no date at all.
fn seconds_of((time, date): (u16, u16)) -> Option<i64> {
    let (time, date) = (u32::from(time), u32::from(date));
    let day = NaiveDate::from_ymd_opt(1980 + (date >> 9) as i32, date >> 5 & 15, date & 31)?;
    let moment = day.and_hms_opt(time >> 11, time >> 5 & 63, (time & 31) * 2)?;
    Local.from_local_datetime(&moment).earliest().map(|moment| moment.timestamp())
}
