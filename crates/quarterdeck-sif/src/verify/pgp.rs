//! OpenPGP: clear-signed texts, and the keys that signed them.

use std::io::Cursor;

use pgp::composed::{CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureType};
use pgp::types::{KeyDetails, SignedUser, Tag, Timestamp};

use super::{KeysError, LEGACY, Signed, Verdict, bad};

/// The public keys in an export, armored or not.
pub(super) fn keys(bytes: &[u8]) -> Result<Vec<SignedPublicKey>, KeysError> {
    let (keys, _) = SignedPublicKey::from_reader_many(Cursor::new(bytes)).map_err(|_| KeysError::Unknown)?;
    let keys: Vec<_> = keys.collect::<Result<_, _>>().map_err(|error| KeysError::Pgp(error.to_string()))?;
    if keys.is_empty() { Err(KeysError::Unknown) } else { Ok(keys) }
}

/// The text that was signed, if it was with one of these keys, and with the one that the descriptor names.
pub(super) fn open(bytes: &[u8], fingerprint: &str, keys: &[SignedPublicKey]) -> Result<Signed, Verdict> {
    // Padding follows the text in some images.
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\0', '\n', ' ', '\r']);
    let (message, _) = CleartextSignedMessage::from_string(text)
        .map_err(|error| bad(format!("it is no OpenPGP clear-signed text: {error}")))?;
    let payload = message.signed_text().into_bytes();
    if payload.starts_with(LEGACY) {
        let why = "made by Singularity before 3.6: it does not protect what the image says of its data";
        return Err(Verdict::NotChecked { why });
    }
    let Some(key) = keys.iter().find(|key| key.fingerprint().to_string() == fingerprint) else {
        return Err(Verdict::UnknownKey);
    };
    let mut why = "it was not made with the key that it names".to_owned();
    for signature in message.signatures() {
        match check(key, signature, &payload) {
            Ok(()) => return Ok(Signed { signer: name(key), payload }),
            Err(reason) => why = reason.unwrap_or(why),
        }
    }
    Err(Verdict::Bad { why })
}

/// `Err(None)`: made with another key, or over another text.
fn check(key: &SignedPublicKey, signature: &Signature, text: &[u8]) -> Result<(), Option<String>> {
    let is_of_text = matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary));
    let is_made_by_primary = signature.verify(&key.primary_key, text).is_ok();
    let subkey = key.public_subkeys.iter().find(|subkey| signature.verify(&subkey.key, text).is_ok());
    if !is_of_text || !(is_made_by_primary || subkey.is_some()) {
        return Err(None);
    }
    let refused = |why: &str| Err(Some(why.to_owned()));
    if !matches!(signature.hash_alg(), Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512)) {
        return refused("its hash is too weak to be believed");
    }
    let Some(made) = signature.created() else { return refused("it does not say when it was made") };
    if has_ended(made, signature.signature_expiration_time().map(|lasts| lasts.as_secs()), Timestamp::now()) {
        return refused("it has expired");
    }
    if key.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(&key.primary_key).is_ok()) {
        return refused("its key was revoked");
    }
    if made.as_secs() < key.primary_key.created_at().as_secs() {
        return refused("it is older than its key");
    }
    if has_ended(key.primary_key.created_at(), lifetime(newest(own_signatures(key))), made) {
        return refused("its key had expired when it was made");
    }
    match subkey.filter(|_| !is_made_by_primary) {
        Some(subkey) => check_subkey(key, subkey, made),
        None if may_sign(key) => Ok(()),
        None => refused("its key is not for signing"),
    }
}

/// Keys without any flags are of a time that had none.
fn may_sign(key: &SignedPublicKey) -> bool {
    let flagged = own_signatures(key).filter(|own| own.key_flags() != KeyFlags::default());
    newest(flagged).is_none_or(|own| own.key_flags().sign())
}

fn check_subkey(key: &SignedPublicKey, subkey: &SignedPublicSubKey, made: Timestamp) -> Result<(), Option<String>> {
    let refused = |why: &str| Err(Some(why.to_owned()));
    let bound = |kind| {
        subkey.signatures.iter().filter(move |signature| {
            signature.typ() == Some(kind) && signature.verify_subkey_binding(&key.primary_key, &subkey.key).is_ok()
        })
    };
    if bound(SignatureType::SubkeyRevocation).next().is_some() {
        return refused("its subkey was revoked");
    }
    let Some(binding) = newest(bound(SignatureType::SubkeyBinding)) else {
        return refused("its subkey does not belong to the key");
    };
    let is_mutual = binding
        .embedded_signature()
        .is_some_and(|back| back.verify_primary_key_binding(&subkey.key, &key.primary_key).is_ok());
    if !binding.key_flags().sign() || !is_mutual {
        return refused("its subkey is not for signing");
    }
    if has_ended(subkey.key.created_at(), lifetime(Some(binding)), made) {
        return refused("its subkey had expired when it was made");
    }
    Ok(())
}

/// What the key says about itself, as far as it is true.
fn own_signatures(key: &SignedPublicKey) -> impl Iterator<Item = &Signature> {
    let of_key = key.details.direct_signatures.iter().filter(|own| own.verify_key(&key.primary_key).is_ok());
    let of_users = key.details.users.iter().flat_map(|user| confirmations(key, user));
    of_key.chain(of_users)
}

/// The key's own signatures that a user id belongs to it.
fn confirmations<'k>(key: &'k SignedPublicKey, user: &'k SignedUser) -> impl Iterator<Item = &'k Signature> {
    user.signatures.iter().filter(|own| {
        own.typ() != Some(SignatureType::CertRevocation)
            && own.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok()
    })
}

fn newest<'k>(signatures: impl Iterator<Item = &'k Signature>) -> Option<&'k Signature> {
    signatures.max_by_key(|signature| signature.created().map(Timestamp::as_secs))
}

fn lifetime(own: Option<&Signature>) -> Option<u32> {
    own?.key_expiration_time().map(|lasts| lasts.as_secs())
}

/// Whether what began at `begin` and lasts so many seconds, or for ever, was over at `then`.
fn has_ended(begin: Timestamp, lasts: Option<u32>, then: Timestamp) -> bool {
    let end = lasts.filter(|lasts| *lasts > 0).map(|lasts| u64::from(begin.as_secs()) + u64::from(lasts));
    end.is_some_and(|end| u64::from(then.as_secs()) >= end)
}

/// The first user id that the key itself confirms, else its fingerprint.
fn name(key: &SignedPublicKey) -> String {
    let user = key.details.users.iter().find(|user| confirmations(key, user).next().is_some());
    user.map_or_else(|| key.fingerprint().to_string(), |user| String::from_utf8_lossy(user.id.id()).into_owned())
}
