//! Which OpenPGP keys are believed, and when: a real image, signed anew with keys of every sort.

mod support;

use pgp::composed::{
    CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, SigningKey, Timestamp};
use quarterdeck_sif::{Keys, Verdict, verify};
use rand::rngs::OsRng;
use support::{bytes, descriptor, put};

const YEAR: u32 = 365 * 86_400;

/// What is in every signature.
struct How {
    made: Timestamp,
    lasts: Option<u32>,
    hash: HashAlgorithm,
}

impl How {
    fn made(made: Timestamp) -> How {
        How { made, lasts: None, hash: HashAlgorithm::Sha256 }
    }

    fn now() -> How {
        How::made(Timestamp::now())
    }
}

fn years_ago(years: u32) -> Timestamp {
    Timestamp::from_secs(Timestamp::now().as_secs() - years * YEAR)
}

/// Five years old; its subkey, which alone may sign if `only_subkey`, too.
fn key(signs: bool, subkey_signs: bool) -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_sign(subkey_signs)
        .can_authenticate(!subkey_signs)
        .created_at(years_ago(5))
        .build()
        .unwrap();
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(signs).created_at(years_ago(5)).subkey(subkey);
    params.primary_user_id("Kim <kim@example.org>".to_owned());
    params.build().unwrap().generate(OsRng).unwrap()
}

fn config(signer: &impl SigningKey, kind: SignatureType, how: &How) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, signer.algorithm(), how.hash);
    let mut parts =
        vec![SubpacketData::SignatureCreationTime(how.made), SubpacketData::IssuerFingerprint(signer.fingerprint())];
    parts.extend(how.lasts.map(|lasts| SubpacketData::SignatureExpirationTime(Duration::from_secs(lasts))));
    config.hashed_subpackets = parts.into_iter().map(|part| Subpacket::regular(part).unwrap()).collect();
    config
}

/// The image's own list of digests, signed by `signer` for `key`.
fn image(key: &SignedSecretKey, signer: &impl SigningKey, how: &How) -> Vec<u8> {
    const SIGNATURE: usize = 86_016;
    let mut image = bytes("lean-signed-pgp.sif");
    let old = String::from_utf8(image.split_off(SIGNATURE)).unwrap();
    let text = old.split("\n\n").nth(1).unwrap().split("\n-----BEGIN").next().unwrap();
    let message =
        CleartextSignedMessage::new(text, config(signer, SignatureType::Text, how), signer, &Password::empty())
            .unwrap();
    let signature = message.to_armored_string(Default::default()).unwrap();
    image.extend_from_slice(signature.as_bytes());
    put(&mut image, descriptor(3) + 25, &(signature.len() as i64).to_le_bytes());
    put(&mut image, descriptor(3) + 201 + 4, key.fingerprint().as_bytes());
    image
}

fn verdict(image: &[u8], key: &SignedPublicKey) -> Verdict {
    let keys = Keys::parse(&key.to_bytes().unwrap()).unwrap();
    verify(image, &keys).unwrap().remove(0).verdict
}

fn verified() -> Verdict {
    Verdict::Verified { signer: "Kim <kim@example.org>".to_owned(), objects: vec![1, 2, 3] }
}

fn bad(why: &str) -> Verdict {
    Verdict::Bad { why: why.to_owned() }
}

#[test]
fn a_key_for_signing_is_believed() {
    let key = key(true, false);
    assert_eq!(verdict(&image(&key, &key.primary_key, &How::now()), &key.to_public_key()), verified());
    let other = self::key(true, false);
    assert_eq!(verdict(&image(&key, &key.primary_key, &How::now()), &other.to_public_key()), Verdict::UnknownKey);
    let forged = image(&key, &other.primary_key, &How::now());
    assert_eq!(verdict(&forged, &key.to_public_key()), bad("it was not made with the key that it names"));
}

#[test]
fn a_subkey_for_signing_is_believed() {
    let key = key(false, true);
    let subkey = &key.secret_subkeys[0].key;
    assert_eq!(verdict(&image(&key, subkey, &How::now()), &key.to_public_key()), verified());
    let by_primary = image(&key, &key.primary_key, &How::now());
    assert_eq!(verdict(&by_primary, &key.to_public_key()), bad("its key is not for signing"));
    let key = self::key(true, false);
    let by_subkey = image(&key, &key.secret_subkeys[0].key, &How::now());
    assert_eq!(verdict(&by_subkey, &key.to_public_key()), bad("its subkey is not for signing"));
}

/// A subkey that somebody put into the key without being its owner.
#[test]
fn a_foreign_subkey_is_not_believed() {
    let (key, foreign) = (key(true, true), key(true, true));
    let mut public = key.to_public_key();
    public.public_subkeys = foreign.to_public_key().public_subkeys;
    let signed = image(&key, &foreign.secret_subkeys[0].key, &How::now());
    assert_eq!(verdict(&signed, &public), bad("its subkey does not belong to the key"));
}

#[test]
fn a_revoked_key_is_not_believed() {
    let key = key(true, false);
    let signed = image(&key, &key.primary_key, &How::now());
    let revoke = |signer: &SignedSecretKey| {
        let mut public = key.to_public_key();
        let config = config(&signer.primary_key, SignatureType::KeyRevocation, &How::now());
        let revocation = config.sign_key(&signer.primary_key, &Password::empty(), &public.primary_key).unwrap();
        public.details.revocation_signatures.push(revocation);
        public
    };
    assert_eq!(verdict(&signed, &revoke(&key)), bad("its key was revoked"));
    // Nobody else can.
    assert_eq!(verdict(&signed, &revoke(&self::key(true, false))), verified());
}

#[test]
fn what_was_signed_while_the_key_was_valid_is_believed() {
    let key = key(true, false);
    let mut public = key.to_public_key();
    let mut until_a_year_ago = config(&key.primary_key, SignatureType::Key, &How::now());
    let lasts = Subpacket::regular(SubpacketData::KeyExpirationTime(Duration::from_secs(4 * YEAR))).unwrap();
    until_a_year_ago.hashed_subpackets.push(lasts);
    until_a_year_ago.hashed_subpackets[0] =
        Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(Timestamp::now().as_secs() + 60)))
            .unwrap();
    let own = until_a_year_ago.sign_key(&key.primary_key, &Password::empty(), &public.primary_key).unwrap();
    public.details.direct_signatures.push(own);
    let made = |years| image(&key, &key.primary_key, &How::made(years_ago(years)));
    assert_eq!(verdict(&made(2), &public), verified());
    assert_eq!(verdict(&made(0), &public), bad("its key had expired when it was made"));
    assert_eq!(verdict(&made(6), &public), bad("it is older than its key"));
}

#[test]
fn a_signature_that_has_expired_is_told() {
    let key = key(true, false);
    let signed = |lasts| image(&key, &key.primary_key, &How { lasts: Some(lasts), ..How::made(years_ago(2)) });
    assert_eq!(verdict(&signed(YEAR), &key.to_public_key()), bad("it has expired"));
    assert_eq!(verdict(&signed(3 * YEAR), &key.to_public_key()), verified());
}

#[test]
fn a_weak_hash_is_not_believed() {
    // Such as no OpenPGP of today makes with a key of a newer kind.
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Rsa(2048)).can_sign(true).primary_user_id("Kim <kim@example.org>".to_owned());
    let key = params.build().unwrap().generate(OsRng).unwrap();
    let signed = |hash| image(&key, &key.primary_key, &How { hash, ..How::now() });
    assert_eq!(verdict(&signed(HashAlgorithm::Sha512), &key.to_public_key()), verified());
    let weak = verdict(&signed(HashAlgorithm::Sha1), &key.to_public_key());
    assert_eq!(weak, bad("its hash is too weak to be believed"));
}
