//! The two calls of the C library that no safe crate wraps.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::io;

use crate::admission::Shadow;

/// An account's line of the shadow database, through NSS like everything else about it; `None` where there is none.
/// The database is not read as a file, because on many sites it is not one.
pub(crate) fn shadow_of(name: &str) -> io::Result<Option<Shadow>> {
    let name = CString::new(name)?;
    let mut buffer: Vec<c_char> = vec![0; 4096];
    loop {
        // SAFETY: a `spwd` of zeros is valid: null pointers and integers.
        let mut line: libc::spwd = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::spwd = std::ptr::null_mut();
        // SAFETY: all pointers are valid for the call, and the length is the buffer's.
        let errno =
            unsafe { libc::getspnam_r(name.as_ptr(), &mut line, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        match errno {
            libc::ERANGE if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 2, 0),
            _ if found.is_null() && matches!(errno, 0 | libc::ENOENT | libc::ESRCH) => return Ok(None),
            _ if found.is_null() => return Err(io::Error::from_raw_os_error(errno)),
            _ => {
                let password = if line.sp_pwdp.is_null() {
                    Vec::new()
                } else {
                    // SAFETY: a string that ends with NUL, in `buffer`, which is alive.
                    unsafe { CStr::from_ptr(line.sp_pwdp) }.to_bytes().to_vec()
                };
                // -1: the field is empty. 0 is written by some tools to mean the same (`shadow(5)`).
                let expires = Some(line.sp_expire).filter(|day| *day > 0);
                return Ok(Some(Shadow { password, expires }));
            }
        }
    }
}

/// Lets every descriptor above the standard three end with the next program, whoever opened it and how.
pub(crate) fn keep_only_standard_streams() -> io::Result<()> {
    const CLOSE_RANGE_CLOEXEC: u32 = 4; // linux/close_range.h
    // SAFETY: changes flags of descriptors only; takes no pointers.
    match unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, CLOSE_RANGE_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
