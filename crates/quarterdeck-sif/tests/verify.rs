//! Signatures of real images, checked as the real tool checks them, and after every kind of change.

mod support;

use std::fs;

use pgp::composed::{Deserializable, SignedPublicKey};
use quarterdeck_sif::{DataType, Descriptor, Keys, Standing, Verdict, read, verify};
use rstest::rstest;
use serde_json::Value;
use support::{bytes, descriptor, expected, path, put};

const FINGERPRINT: &str = "4dd480770883b4947c780ab803f8579a6197815a";

fn keys(name: &str) -> Keys {
    Keys::parse(&fs::read(path(name)).unwrap()).unwrap()
}

fn pgp() -> Keys {
    keys("fixture-pgp-public.asc")
}

fn ed25519() -> Keys {
    keys("fixture-ed25519-public.pem")
}

fn verdict(image: &[u8], keys: &Keys) -> Verdict {
    let mut checked = verify(image, keys).unwrap();
    assert_eq!(checked.len(), 1);
    checked.remove(0).verdict
}

fn bad(why: &str) -> Verdict {
    Verdict::Bad { why: why.to_owned() }
}

/// The real tool's word is kept beside the image.
#[test]
fn a_signature_with_a_known_key_is_verified() {
    let image = bytes("lean-signed-pgp.sif");
    let real = &expected("lean-signed-pgp.sif")["apptainer_verify_pgp_local"];
    assert_eq!(real["rc"], 0);
    let signer = real["json"]["SignerKeys"][0]["Signer"]["Name"].as_str().unwrap().to_owned();
    assert_eq!(verdict(&image, &pgp()), Verdict::Verified { signer, objects: vec![1, 2, 3] });
}

#[test]
fn a_signature_in_an_envelope_is_verified() {
    let image = bytes("lean-signed-dsse.sif");
    assert_eq!(expected("lean-signed-dsse.sif")["apptainer_verify_key"]["rc"], 0);
    let signer = "SHA256:XFzzrVisvuo6YY+Nfso0RXd0p+Khw/VKZKcbuHNzRnY".to_owned();
    assert_eq!(verdict(&image, &ed25519()), Verdict::Verified { signer, objects: vec![1, 2, 3] });
}

#[test]
fn a_changed_file_system_is_told() {
    let real = &expected("lean-signed-tampered.sif")["apptainer_verify_pgp_local"];
    assert_ne!(real["rc"], Value::from(0));
    assert_eq!(verdict(&bytes("lean-signed-tampered.sif"), &pgp()), bad("object 3 (FS) was changed"));
}

#[rstest]
#[case("lean-signed-pgp.sif", Keys::default())]
#[case("lean-signed-pgp.sif", ed25519())]
#[case("lean-signed-dsse.sif", pgp())]
#[case("one-group-signed-pgp.sif", pgp())]
#[case("one-group-signed-dsse.sif", ed25519())]
#[case("busybox_amd64.sif", pgp())]
fn without_its_key_nothing_is_said_of_a_signature(#[case] name: &str, #[case] keys: Keys) {
    assert_eq!(verdict(&bytes(name), &keys), Verdict::UnknownKey);
}

#[rstest]
#[case("one-group-signed-legacy.sif")]
#[case("one-group-signed-legacy-all.sif")]
fn old_signatures_are_not_checked(#[case] name: &str) {
    for checked in verify(bytes(name).as_slice(), &pgp()).unwrap() {
        assert_eq!(checked.verdict.word(), "not checked");
    }
}

#[rstest]
#[case("lean-gzip.sif")]
#[case("lean.sqfs")]
fn what_is_not_signed_has_no_verdicts(#[case] name: &str) {
    assert_eq!(verify(bytes(name).as_slice(), &pgp()).unwrap(), []);
}

/// What is changed, and what is then said.
#[rstest]
#[case::identifier(48, b"x", "the image's header was changed")]
#[case::launch_script(0, b"#!/bin/sh\n\0", "the image's header was changed")]
#[case::name(descriptor(1) + 73, b"x", "the descriptor of object 2 was changed")]
#[case::architecture(descriptor(2) + 201 + 8, b"04", "the descriptor of object 3 was changed")]
#[case::definition(32_176, b"B", "object 1 (Def.FILE) was changed")]
#[case::metadata(32_300, b"x", "object 2 (JSON.Generic) was changed")]
#[case::another_place(descriptor(0) + 17, b"\xb1", "object 1 (Def.FILE) was changed")]
#[case::unused(descriptor(1) + 4, b"\0", "a signed object is missing")]
#[case::of_another_group(descriptor(1) + 9, b"\x02", "a signed object is missing")]
#[case::another_key(descriptor(3) + 201 + 4, b"\x4d\xd4\x81", "")]
#[case::signed_text(86_016 + 70, b"9", "it was not made with the key that it names")]
#[case::no_text(86_016, b"x", "")]
#[case::no_group(descriptor(3) + 13, b"\x01\0\0\0", "it signs no group of data objects")]
#[case::no_such_group(descriptor(3) + 13, b"\x07", "the image has no object in group 7, which it signs")]
fn every_change_is_told(#[case] at: usize, #[case] change: &[u8], #[case] why: &str) {
    let mut image = bytes("lean-signed-pgp.sif");
    assert_ne!(&image[at..at + change.len()], change);
    put(&mut image, at, change);
    let verdict = verdict(&image, &pgp());
    match why {
        "" => assert!(matches!(verdict, Verdict::Bad { .. } | Verdict::UnknownKey), "{verdict:?}"),
        why => assert_eq!(verdict, bad(why)),
    }
}

#[test]
fn an_object_that_joined_a_signed_group_is_told() {
    let mut image = bytes("lean-signed-pgp.sif");
    let object = image[descriptor(1)..descriptor(2)].to_vec();
    put(&mut image, descriptor(4), &object);
    put(&mut image, descriptor(4) + 5, &9u32.to_le_bytes());
    assert_eq!(verdict(&image, &pgp()), bad("object 9 of the group is not signed"));
    put(&mut image, descriptor(4) + 5, &2u32.to_le_bytes());
    assert_eq!(verdict(&image, &pgp()), bad("the image has two objects 2"));
}

/// The envelope's bytes, one changed at a time, never hold.
#[test]
fn a_changed_envelope_does_not_hold() {
    let image = bytes("lean-signed-dsse.sif");
    let begin = image.windows(15).position(|window| window == b"{\"payloadType\":").unwrap();
    for at in (begin + 20..image.len() - 4).step_by(7).filter(|at| image[*at] != 0) {
        let mut image = image.clone();
        image[at] = if image[at] == b'A' { b'B' } else { b'A' };
        assert_ne!(verdict(&image, &ed25519()).word(), "verified", "byte {at}");
    }
}

/// More bytes than the file has are not hashed, whatever is signed.
#[test]
fn overlapping_objects_are_not_hashed() {
    let mut image = bytes("lean-signed-pgp.sif");
    put(&mut image, descriptor(0) + 17, &0i64.to_le_bytes());
    put(&mut image, descriptor(0) + 25, &80_000i64.to_le_bytes());
    assert_eq!(verdict(&image, &pgp()), bad("the data objects take more bytes than the file has"));
}

#[test]
fn keys_are_read_in_the_forms_in_which_they_are_exported() {
    let armored = fs::read(path("fixture-pgp-public.asc")).unwrap();
    let (key, _) = SignedPublicKey::from_armor_single(armored.as_slice()).unwrap();
    let binary = pgp::ser::Serialize::to_bytes(&key).unwrap();
    let mut both = Keys::parse(&binary).unwrap();
    both.extend(ed25519());
    assert!(!both.is_empty() && Keys::default().is_empty());
    for name in ["lean-signed-pgp.sif", "lean-signed-dsse.sif"] {
        assert_eq!(verdict(&bytes(name), &both).word(), "verified");
    }
    let signature = &verify(bytes("lean-signed-pgp.sif").as_slice(), &both).unwrap()[0].signature;
    assert_eq!(signature.fingerprint.as_deref(), Some(FINGERPRINT));
}

#[rstest]
#[case(b"")]
#[case(b"no key at all")]
#[case(b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n")]
#[case(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n")]
fn what_is_no_key_is_refused(#[case] text: &[u8]) {
    assert!(Keys::parse(text).is_err());
}

/// What the image's signatures come to, had it these descriptors.
fn standing(name: &str, keys: &Keys, change: impl FnOnce(&mut Vec<Descriptor>)) -> Option<Standing> {
    let image = bytes(name);
    let mut descriptors = read(image.as_slice()).unwrap().descriptors;
    change(&mut descriptors);
    Standing::of(&descriptors, &verify(image.as_slice(), keys).unwrap())
}

#[rstest]
#[case("lean-signed-pgp.sif", pgp(), Some(Standing::Verified))]
#[case("lean-signed-dsse.sif", ed25519(), Some(Standing::Verified))]
#[case("lean-signed-pgp.sif", ed25519(), Some(Standing::UnknownKey))]
#[case("lean-signed-tampered.sif", pgp(), Some(Standing::Bad))]
#[case("one-group-signed-legacy.sif", pgp(), Some(Standing::NotChecked))]
#[case("lean-gzip.sif", pgp(), None)]
fn all_signatures_of_an_image_come_to_one_word(
    #[case] name: &str,
    #[case] keys: Keys,
    #[case] expected: Option<Standing>,
) {
    assert_eq!(standing(name, &keys, |_| ()), expected);
}

/// As `apptainer overlay create` adds one, which is then what the container sees.
#[test]
fn what_was_added_behind_a_signature_is_not_verified() {
    let add = |id: Option<u32>, data_type: DataType| {
        standing("lean-signed-pgp.sif", &pgp(), |descriptors| {
            let root = descriptors.iter().find(|object| object.data_type == DataType::Partition).unwrap().clone();
            descriptors.insert(0, Descriptor { id: id.unwrap_or(root.id), group: Some(2), data_type, ..root });
        })
    };
    assert_eq!(add(Some(9), DataType::Partition), Some(Standing::Partly));
    assert_eq!(add(None, DataType::Partition), Some(Standing::Partly), "nobody can tell which of the two was signed");
    assert_eq!(add(Some(9), DataType::OciBlob), Some(Standing::Partly));
    assert_eq!(add(Some(9), DataType::Sbom), Some(Standing::Verified), "nothing is started from it");
}
