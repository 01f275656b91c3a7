//! Real images, compared with what the real Apptainer says of each.

use std::fs::{self, File};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use quarterdeck_sif::{Compression, DataType, Descriptor, Detail, Error, Format, Image, Link, Unreadable, read};
use rstest::rstest;
use serde_json::{Value, json};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name)
}

fn image(name: &str) -> Result<Image, Error> {
    read(&File::open(path(name)).unwrap())
}

fn expected(name: &str) -> Value {
    serde_json::from_slice(&fs::read(path(&format!("{name}.expected.json"))).unwrap()).unwrap()
}

#[rstest]
fn header_and_descriptors_are_those_of_the_real_tool(
    #[values(
        "lean-gzip.sif",
        "lean-signed-pgp.sif",
        "lean-signed-dsse.sif",
        "lean-encrypted-gocryptfs.sif",
        "lean-encrypted-pass.sif",
        "lean-nojson.sif",
        "lean-fsonly.sif",
        "lean-oci.sif",
        "empty.sif",
        "empty-id.sif",
        "empty.oci.sif",
        "one-group-signed-legacy-all.sif",
        "one-group-signed-pgp.sif",
        "one-object-generic-json.sif",
        "one-object-crypt-message.sif",
        "one-object-oci-root-index.sif",
        "one-object-oci-blob.sif"
    )]
    name: &str,
) {
    let image = image(name).unwrap();
    let sif = &expected(name)["sif"];
    let header = json!({
        "id": image.uuid.unwrap_or_default(),
        "arch": image.architecture.unwrap_or("unknown"),
        "created_at": seconds(image.created),
        "modified_at": seconds(image.modified),
    });
    for (key, value) in header.as_object().unwrap() {
        assert_eq!(value, &sif["header"][key], "{key}");
    }
    let descriptors = sif["descriptors"].as_array().unwrap();
    assert_eq!(image.descriptors.len(), descriptors.len());
    for (ours, theirs) in image.descriptors.iter().zip(descriptors) {
        for (key, value) in as_recorded(ours).as_object().unwrap() {
            assert_eq!(value, &theirs[key], "{key} of descriptor {}", ours.id);
        }
    }
}

/// Go's zero time stands for none.
fn seconds(time: Option<DateTime<Utc>>) -> i64 {
    time.map_or(-62_135_596_800, |time| time.timestamp())
}

fn as_recorded(descriptor: &Descriptor) -> Value {
    let (link, link_is_group) = match descriptor.link {
        None => (None, false),
        Some(Link::Descriptor(id)) => (Some(id), false),
        Some(Link::Group(id)) => (Some(id), true),
    };
    let mut fields = json!({
        "id": descriptor.id,
        "type_name": descriptor.data_type.to_string(),
        "group": descriptor.group,
        "link": link,
        "link_is_group": link_is_group,
        "offset": descriptor.offset,
        "size": descriptor.size,
        "created_at": seconds(descriptor.created),
        "name": descriptor.name,
    });
    match &descriptor.detail {
        Detail::Nothing => {}
        Detail::Partition { file_system, kind, architecture } => {
            fields["fs_type"] = json!(file_system.to_string());
            fields["part_type"] = json!(kind.to_string());
            fields["part_arch"] = json!(architecture.unwrap_or("unknown"));
        }
        Detail::Signature { hash, fingerprint } => {
            fields["hash_type"] = json!(hash.to_string());
            fields["fingerprint"] = json!(fingerprint);
        }
        Detail::Oci { digest } => fields["digest"] = json!(digest),
    }
    fields
}

#[rstest]
fn inspect_is_what_apptainer_prints(
    #[values(
        "lean-gzip.sif",
        "lean-signed-pgp.sif",
        "lean-signed-dsse.sif",
        "lean-encrypted-gocryptfs.sif",
        "lean-encrypted-pass.sif"
    )]
    name: &str,
) {
    let printed = &expected(name)["apptainer_inspect_all"];
    assert!(printed.is_object());
    let image = image(name).unwrap();
    assert_eq!(image.inspect.as_ref(), Some(printed));
    assert_eq!(image.unreadable, None);
}

#[test]
fn the_parts_of_inspect_are_at_hand() {
    let image = image("lean-gzip.sif").unwrap();
    let attributes = &expected("lean-gzip.sif")["apptainer_inspect_all"]["data"]["attributes"];
    assert_eq!(json!(image.labels), attributes["labels"]);
    assert_eq!(json!(image.environment), attributes["environment"]);
    assert_eq!(json!(image.help), attributes["helpfile"]);
    assert_eq!(json!(image.runscript), attributes["runscript"]);
    assert_eq!(json!(image.definition), attributes["deffile"]);
    assert_eq!(image.apps, ["alpha", "beta"]);
    assert_eq!(image.version(), Some("1.2.3"));
    assert_eq!(image.format, Format::Sif);
}

#[test]
fn an_encrypted_image_still_says_what_it_is() {
    let image = image("lean-encrypted-gocryptfs.sif").unwrap();
    assert!(image.encrypted);
    assert_eq!(image.apps, ["alpha", "beta"]);
    assert!(!self::image("lean-gzip.sif").unwrap().encrypted);
}

#[test]
fn signatures_are_listed_with_their_key() {
    let image = image("lean-signed-pgp.sif").unwrap();
    let [signature] = image.signatures.as_slice() else { panic!("one signature") };
    assert_eq!(signature.fingerprint.as_deref(), Some("4dd480770883b4947c780ab803f8579a6197815a"));
    assert_eq!(signature.signs, Some(Link::Group(1)));
    assert!(self::image("lean-signed-dsse.sif").unwrap().signatures[0].fingerprint.is_none());
    assert!(self::image("lean-gzip.sif").unwrap().signatures.is_empty());
}

#[test]
fn without_its_metadata_an_image_still_shows_its_definition() {
    let image = image("lean-nojson.sif").unwrap();
    assert_eq!(image.definition.as_deref(), Some("bootstrap: localimage\nfrom: lean_sb\n\n"));
    assert_eq!((image.inspect, image.unreadable), (None, Some(Unreadable::OnlyInSquashfs(Compression::Gzip))));
}

#[rstest]
#[case("lean-fsonly.sif", Format::Sif, Unreadable::OnlyInSquashfs(Compression::Gzip))]
#[case("lean.sqfs", Format::Squashfs, Unreadable::OnlyInSquashfs(Compression::Gzip))]
#[case("lean-v2.simg", Format::Singularity2, Unreadable::OnlyInSquashfs(Compression::Gzip))]
#[case("lean-oci.sif", Format::OciSif, Unreadable::Oci)]
#[case("empty.oci.sif", Format::OciSif, Unreadable::Oci)]
#[case("empty.sif", Format::Sif, Unreadable::NoRootFileSystem)]
#[case("one-object-generic-json.sif", Format::Sif, Unreadable::NoRootFileSystem)]
#[case("partition-offset-past-eof.sif", Format::Sif, Unreadable::Truncated { size: 86016 })]
fn what_cannot_be_read_is_named(#[case] name: &str, #[case] format: Format, #[case] why: Unreadable) {
    let image = image(name).unwrap();
    assert_eq!((image.format, image.unreadable), (format, Some(why)));
}

#[rstest]
#[case(
    "inspect-json-invalid.sif",
    "its inspect-metadata.json is damaged (expected ident at line 1 column 11): build it again"
)]
#[case(
    "squashfs-bad-block-size.sif",
    "its root file system is damaged (its block size is 4294967295): build or copy it again"
)]
fn a_damaged_part_leaves_the_rest(#[case] name: &str, #[case] why: &str) {
    let image = image(name).unwrap();
    assert_eq!(image.unreadable.unwrap().to_string(), why);
    assert_eq!(image.definition.as_deref(), Some("bootstrap: localimage\nfrom: lean_sb\n\n"));
    assert!(image.descriptors.iter().any(|d| d.data_type == DataType::Partition));
}

#[rstest]
#[case("bad-magic.sif", "this is not an Apptainer image (neither SIF nor squashfs nor ext3): choose another file")]
#[case("not-a-sif.sif", "this is not an Apptainer image (neither SIF nor squashfs nor ext3): choose another file")]
#[case("empty-file.sif", "this is not an Apptainer image (neither SIF nor squashfs nor ext3): choose another file")]
#[case(
    "bad-version.sif",
    "this image has SIF version \"99\", and only version 01 is known: build it with Apptainer or Singularity 3"
)]
#[case("truncated-in-header.sif", "the file ends at byte 100, within its header: copy it again")]
#[case("truncated-in-descriptors.sif", "the file ends at byte 20000, within its descriptors: copy it again")]
#[case(
    "huge-descriptor-count.sif",
    "the image announces 1099511627776 descriptors, and at most 4096 are read: build it again"
)]
fn a_file_that_is_no_image_is_refused_with_the_reason(#[case] name: &str, #[case] why: &str) {
    assert_eq!(image(name).unwrap_err().to_string(), why);
}
