//! When what came is on the disk for good.

use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

const MIB: u64 = 1 << 20;
/// Received bytes of one request after which the offset is made durable in any case, where it is at its end.
const WITHIN_A_REQUEST: u64 = 64 * MIB;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Durability {
    /// At each answer.
    Chunk,
    /// Each time so many bytes more have come.
    Every(u64),
    /// When the file is whole.
    End,
}

#[derive(Debug, Error)]
#[error("\"{0}\" is no durability: write chunk, end, or a size like 64 MiB")]
pub struct NotADurability(String);

impl Durability {
    /// Whether to sync now: `synced` and `written` are bytes of the file, `answering` is the end of a request.
    pub(super) fn is_due(self, synced: u64, written: u64, answering: bool) -> bool {
        match self {
            Durability::Chunk => answering || written - synced >= WITHIN_A_REQUEST,
            Durability::Every(bytes) => written / bytes > synced / bytes,
            Durability::End => false,
        }
    }

    /// Of a file that holds fewer bytes than were acknowledged, the machine having crashed: those that are sure to be
    /// right. `None`: none were to be lost.
    pub(super) fn sure_of(self, size: u64) -> Option<u64> {
        match self {
            Durability::Chunk => None,
            Durability::Every(bytes) => Some(size - size % bytes),
            Durability::End => Some(0),
        }
    }
}

impl FromStr for Durability {
    type Err = NotADurability;

    fn from_str(text: &str) -> Result<Durability, NotADurability> {
        let not_one = || NotADurability(text.to_owned());
        match text.trim() {
            "chunk" => Ok(Durability::Chunk),
            "end" => Ok(Durability::End),
            size => {
                let number = size.strip_suffix("MiB").and_then(|number| number.trim().parse::<u64>().ok());
                let number = number.filter(|number| (1..=1 << 20).contains(number)).ok_or_else(not_one)?;
                Ok(Durability::Every(number * MIB))
            }
        }
    }
}

impl TryFrom<String> for Durability {
    type Error = NotADurability;

    fn try_from(text: String) -> Result<Durability, NotADurability> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_says_when_bytes_are_sure() {
        let chunk: Durability = "chunk".parse().unwrap();
        assert!(chunk.is_due(0, 1, true) && !chunk.is_due(0, 1, false) && chunk.is_due(0, 64 * MIB, false));
        let every: Durability = "4 MiB".parse().unwrap();
        assert!(!every.is_due(0, 4 * MIB - 1, true) && every.is_due(MIB, 4 * MIB, false));
        assert_eq!((every.sure_of(9 * MIB), chunk.sure_of(9 * MIB)), (Some(8 * MIB), None));
        let end: Durability = "end".parse().unwrap();
        assert!(!end.is_due(0, 1 << 40, true) && end.sure_of(9) == Some(0));
        for wrong in ["", "0 MiB", "MiB", "64", "64 GiB", "-1 MiB", "99999999 MiB"] {
            assert!(wrong.parse::<Durability>().is_err(), "{wrong}");
        }
    }
}
