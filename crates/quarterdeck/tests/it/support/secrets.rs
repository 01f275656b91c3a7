//! Every password, token, key and cookie that a test uses is remembered; none of them may be found in what the site wrote
//! to its logs and its database.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use reqwest::header::HeaderMap;
use serde_json::Value;

static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Shorter ones are no secrets, and stand in other words.
const SHORTEST: usize = 12;
/// Files that are there to hold one.
const KEEPERS: [&str; 2] = ["initial-password", "signing.key"];

pub fn remember(secret: &str) {
    if secret.len() >= SHORTEST {
        USED.lock().unwrap().insert(secret.to_owned());
    }
}

/// Remembers what an answer hands out.
pub fn remember_answer(headers: &HeaderMap, body: &[u8]) {
    for cookie in headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
        let value = cookie.split([';', '=']).nth(1).unwrap_or_default();
        remember(value);
    }
    let Ok(Value::Object(answer)) = serde_json::from_slice(body) else { return };
    for name in ["access_token", "refresh_token", "key", "password", "webhook_secret"] {
        if let Some(Value::String(secret)) = answer.get(name) {
            remember(secret);
        }
    }
}

/// Where one of them was written to beneath this directory, in any file.
pub fn find_in(directory: &Path) -> Option<String> {
    let used = USED.lock().unwrap();
    // By how they begin, since there may be thousands of them, and megabytes to search.
    let mut by_start: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    for secret in used.iter().map(String::as_bytes) {
        by_start.entry(&secret[..SHORTEST]).or_default().push(secret);
    }
    search(directory, &by_start)
}

fn search(directory: &Path, by_start: &HashMap<&[u8], Vec<&[u8]>>) -> Option<String> {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = search(&path, by_start) {
                return Some(found);
            }
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        if KEEPERS.iter().any(|keeper| name.starts_with(keeper)) {
            continue;
        }
        // Sockets cannot be read, and hold nothing.
        let Ok(bytes) = fs::read(&path) else { continue };
        for (at, start) in bytes.windows(SHORTEST).enumerate() {
            let begun = by_start.get(start).into_iter().flatten();
            if let Some(secret) = begun.into_iter().find(|secret| bytes[at..].starts_with(secret)) {
                return Some(format!("{} holds {:?}", path.display(), String::from_utf8_lossy(secret)));
            }
        }
    }
    None
}
