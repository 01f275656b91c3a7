//! Images made to do harm: no bytes whatever make the reader panic or read much. (`memory.rs`: nor take much memory.)

mod entry_points;
mod support;

use std::fs::File;
use std::io::{self, Read};

use entry_points::{read_as_image, read_as_squashfs, read_within_limits};
use lzma_rust2::XzReader;
use proptest::prelude::*;
use quarterdeck_sif::{ReadAt, Unreadable, read};
use rstest::rstest;
use support::{descriptor, path, put};

const LEAN: &[u8] = include_bytes!("images/lean-signed-pgp.sif");
const OCI: &[u8] = include_bytes!("images/lean-oci.sif");
const BARE: &[u8] = include_bytes!("images/lean.sqfs");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn changed_bytes_do_no_harm(
        which in 0usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut image = [LEAN, OCI, BARE][which].to_vec();
        for (at, value) in changes {
            let at = at.index(image.len());
            image[at] = value;
        }
        let _ = read_within_limits(&image, image.len() as u64);
    }

    /// Random bytes seldom hit a field; these do.
    #[test]
    fn changed_numbers_do_no_harm(
        changes in prop::collection::vec(
            (
                prop_oneof![
                    prop::sample::select(vec![80usize, 88, 96, 104, 112, 120]),
                    (0usize..6, prop::sample::select(vec![0usize, 4, 9, 13, 17, 25, 33, 41, 201, 205]))
                        .prop_map(|(index, field)| descriptor(index) + field),
                ],
                prop_oneof![any::<i64>(), 0i64..100_000, prop::sample::select(vec![i64::MIN, -1, 0, i64::MAX])],
            ),
            1..6,
        ),
        size in prop_oneof![Just(LEAN.len() as u64), 0u64..90_000, any::<u64>()],
    ) {
        let mut image = LEAN.to_vec();
        for (at, value) in changes {
            put(&mut image, at, &value.to_le_bytes());
        }
        let _ = read_within_limits(&image, size);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read_within_limits(&bytes, bytes.len() as u64);
    }
}

/// What the fuzzer came by on all the ways that it found (`dev/fuzz keep`).
#[rstest]
#[case("sif", read_as_image)]
#[case("squashfs", read_as_squashfs)]
fn what_the_fuzzer_found_does_no_harm(#[case] target: &str, #[case] entry_point: fn(&[u8])) {
    let packed = File::open(path(&format!("../corpus/{target}.tar.xz"))).unwrap();
    let mut found = tar::Archive::new(XzReader::new(packed, false));
    let mut read = 0;
    for mut file in found.entries().unwrap().map(|entry| entry.unwrap()) {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        entry_point(&bytes);
        read += 1;
    }
    assert!(read > 1000, "{read} files");
}

#[test]
fn metadata_that_says_it_is_huge_is_not_read() {
    let mut image = LEAN.to_vec();
    put(&mut image, descriptor(1) + 25, &(1i64 << 40).to_le_bytes());
    let image = read_within_limits(&image, 1 << 50).unwrap();
    let Some(Unreadable::Metadata { why }) = image.unreadable else { panic!("{:?}", image.unreadable) };
    assert_eq!(why, "the image's metadata takes 1099511627776 bytes, and at most 1048576 are read");
}

#[test]
fn deeply_nested_metadata_does_not_exhaust_the_stack() {
    let mut image = LEAN.to_vec();
    put(&mut image, 32213, format!("{{\"data\":{}", "[".repeat(2400)).as_bytes());
    assert!(matches!(
        read_within_limits(&image, image.len() as u64).unwrap().unreadable,
        Some(Unreadable::Metadata { .. })
    ));
}

/// Old images keep their metadata at 128 KiB: descriptors say where, not habit.
#[test]
fn metadata_is_found_wherever_the_descriptor_says() {
    let mut image = LEAN.to_vec();
    let json = image[32213..32213 + 2486].to_vec();
    put(&mut image, 32213, &[0; 2486]);
    image.resize(131_072, 0);
    image.extend_from_slice(&json);
    put(&mut image, descriptor(1) + 17, &131_072i64.to_le_bytes());
    assert_eq!(read_within_limits(&image, image.len() as u64).unwrap().apps, ["alpha", "beta"]);
}

/// A file server that fails is not a damaged image.
#[test]
fn a_failing_read_is_said_to_be_one() {
    struct Failing;
    impl ReadAt for Failing {
        fn size(&self) -> io::Result<u64> {
            Ok(1 << 20)
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::Error::other("the node went away"))
        }
    }
    assert_eq!(read(&Failing).unwrap_err().to_string(), "reading the image failed: the node went away");
}

#[test]
fn labels_in_an_object_of_their_own_are_better_than_nothing() {
    let mut image = LEAN.to_vec();
    put(&mut image, descriptor(1), &0x4003i32.to_le_bytes());
    put(&mut image, descriptor(1) + 25, &15i64.to_le_bytes());
    put(&mut image, 32213, br#"{"Author":"Me"}"#);
    let whole = read_within_limits(&image, image.len() as u64).unwrap();
    assert_eq!(whole.labels["Author"], "Portico Test <test@example.org>");
    put(&mut image, 36_864, b"sqsh");
    let damaged = read_within_limits(&image, image.len() as u64).unwrap();
    assert_eq!(damaged.labels["Author"], "Me");
}
