//! A key as text: `qd_`, 32 hexadecimal digits of its id, 43 letters and digits of secret (more than 250 bits), and 8
//! hexadecimal digits of CRC-32 over all of that, so that a scanner for leaked secrets can tell a key from what only
//! looks like one. `qd_[0-9a-f]{32}[0-9A-Za-z]{43}[0-9a-f]{8}`

use uuid::Uuid;

use crate::secrets;

const PREFIX: &str = "qd_";
const ID: usize = 32;
const SECRET: usize = 43;
const CHECKSUM: usize = 8;
const LENGTH: usize = PREFIX.len() + ID + SECRET + CHECKSUM;

/// A new key with this id: what the database keeps of its secret, and the whole text.
pub(super) fn generate(id: Uuid) -> anyhow::Result<(String, String)> {
    let secret = secrets::alphanumeric(SECRET)?;
    let body = format!("{PREFIX}{}{secret}", id.simple());
    let checksum = checksum(&body);
    Ok((secrets::hash(&secret), body + &checksum))
}

/// The id, and the hash that the database must have; `None` where the text is no key.
pub(super) fn parse(text: &str) -> Option<(Uuid, String)> {
    if text.len() != LENGTH || !text.is_ascii() || !text.starts_with(PREFIX) {
        return None;
    }
    let (body, check) = text.split_at(LENGTH - CHECKSUM);
    if checksum(body) != check {
        return None;
    }
    let (id, secret) = body[PREFIX.len()..].split_at(ID);
    Some((Uuid::try_parse(id).ok()?, secrets::hash(secret)))
}

/// Whether a token is meant to be a key, good or bad.
pub(crate) fn looks_like_a_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_says_which_one_it_is() {
        let id = Uuid::now_v7();
        let (stored, text) = generate(id).unwrap();
        assert_eq!(text.len(), 86);
        assert_eq!(parse(&text), Some((id, stored.clone())));
        assert!(!stored.contains(&text[35..50]), "the database does not keep the secret");
        assert_ne!(generate(id).unwrap().1, text);
    }

    proptest! {
        #[test]
        fn one_wrong_character_makes_it_no_key(at in 0..86usize, other in any::<char>()) {
            let (_, text) = generate(Uuid::now_v7()).unwrap();
            let mut wrong: Vec<char> = text.chars().collect();
            prop_assume!(wrong[at] != other);
            wrong[at] = other;
            prop_assert_eq!(parse(&wrong.into_iter().collect::<String>()), None);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(qd_)?.{0,100}") {
            let _ = parse(&text);
        }
    }
}
