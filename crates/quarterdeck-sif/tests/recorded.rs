//! Real images, compared with what the real Apptainer says of each.

mod support;

use chrono::{DateTime, Utc};
use quarterdeck_sif::{
    Compression, DataType, Descriptor, Detail, Error, FileSystem, Format, Image, Link, Unreadable, read,
};
use rstest::rstest;
use serde_json::{Value, json};
use support::{bytes, expected, recorded, remove};

const DEFINITION: i32 = 0x4001;
const GENERIC_JSON: i32 = 0x4006;

fn image(name: &str) -> Result<Image, Error> {
    read(bytes(name).as_slice())
}

/// Header and descriptors of every image that the independent parser reads.
#[test]
fn header_and_descriptors_are_those_of_the_real_tool() {
    let mut compared = 0;
    for name in recorded() {
        let expected = expected(&name);
        let sif = &expected["sif"];
        if sif.is_null() {
            continue;
        }
        let image = image(&name).unwrap();
        let header = json!({
            "id": image.uuid.unwrap_or_default(),
            "arch": if image.format == Format::OciSif { "unknown" } else { image.architecture.unwrap_or("unknown") },
            "created_at": seconds(image.created),
            "modified_at": seconds(image.modified),
        });
        for (key, value) in header.as_object().unwrap() {
            assert_eq!(value, &sif["header"][key], "{key} of {name}");
        }
        let descriptors = sif["descriptors"].as_array().unwrap();
        assert_eq!(image.descriptors.len(), descriptors.len(), "{name}");
        for (ours, theirs) in image.descriptors.iter().zip(descriptors) {
            for (key, value) in as_recorded(ours).as_object().unwrap() {
                assert_eq!(value, &theirs[key], "{key} of descriptor {} of {name}", ours.id);
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 35);
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

#[test]
fn inspect_is_what_apptainer_prints() {
    let mut compared = 0;
    for name in recorded() {
        let printed = &expected(&name)["apptainer_inspect_all"];
        if printed.is_object() {
            let image = image(&name).unwrap();
            assert_eq!((image.inspect.as_ref(), image.unreadable), (Some(printed), None), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
}

/// As the real tool does on the unpacked file system, in images without their other metadata.
#[rstest]
fn the_root_file_system_says_the_same(
    #[values(
        "lean-gzip.sif",
        "lean-zstd.sif",
        "lean-lz4.sif",
        "lean-lzma.sif",
        "lean-uncompressed.sif",
        "lean-overlay.sif",
        "lean-signed-pgp.sif",
        "lean-fsonly.sif",
        "lean-nojson.sif",
        "lean.sqfs",
        "lean-v2.simg"
    )]
    name: &str,
) {
    let mut bytes = bytes(name);
    if name.ends_with(".sif") {
        remove(&mut bytes, GENERIC_JSON);
        remove(&mut bytes, DEFINITION);
    }
    let image = read(bytes.as_slice()).unwrap();
    assert_eq!((image.inspect.as_ref(), image.unreadable), (Some(&expected(name)["inspect_from_filesystem"]), None));
    assert_eq!(image.architecture, Some("amd64"));
}

/// Without the JSON descriptor, what the real tool prints as definition is its data object as it is.
#[test]
fn the_definition_is_kept_with_its_last_newlines() {
    let image = image("lean-nojson.sif").unwrap();
    let mut printed = expected("lean-nojson.sif")["inspect_from_filesystem"].clone();
    printed["data"]["attributes"]["deffile"] = json!("bootstrap: localimage\nfrom: lean_sb\n\n");
    assert_eq!(image.inspect, Some(printed));
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
fn an_oci_image_says_what_its_configuration_says() {
    let image = image("lean-oci.sif").unwrap();
    assert_eq!((image.format, image.architecture, &image.unreadable), (Format::OciSif, Some("amd64"), &None));
    let attributes = json!({
        "labels": {"org.opencontainers.image.title": "OCI-SIF fixture", "maintainer": "fixture@example.org"},
        "environment": {
            "oci-config":
                "export PATH='/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'\nexport PORTICO_VAR='oci'",
        },
        "runscript": "#!/bin/sh\n[ $# -gt 0 ] || set -- 'uname' '-m'\nexec '/bin/busybox' \"$@\"",
    });
    assert_eq!(image.inspect, Some(json!({"data": {"attributes": attributes}, "type": "container"})));
}

#[test]
fn a_changed_oci_configuration_is_not_believed() {
    let mut bytes = bytes("lean-oci.sif");
    let at = bytes.windows(11).position(|window| window == b"OCI-SIF fix").unwrap();
    bytes[at] = b'X';
    let image = read(bytes.as_slice()).unwrap();
    assert_eq!(
        image.unreadable.unwrap().to_string(),
        "the configuration of its OCI image cannot be read (blob \
         sha256:168dc495f060f030a2cf6b93bf29b7c8438755e8b4f420ee6bf0a221068c1b36 is not what its digest says): \
         build or copy it again"
    );
}

/// Encrypted, and with nothing but the OCI configuration that Singularity kept beside it.
#[test]
fn the_oci_configuration_is_better_than_nothing() {
    let mut bytes = bytes("busybox_amd64.sif");
    let at = bytes.windows(21).position(|window| window == b"inspect-metadata.json").unwrap();
    bytes[at] = b'-';
    let image = read(bytes.as_slice()).unwrap();
    assert!(matches!(image.unreadable, Some(Unreadable::RootFileSystem { .. })));
    assert_eq!(image.runscript.as_deref(), Some("#!/bin/sh\n[ $# -gt 0 ] || set -- 'sh'\nexec \"$@\""));
    assert_eq!(image.definition.as_deref(), Some("BootStrap: docker\nFrom: busybox:1.33.1\n"));
}

#[rstest]
#[case("lean-oci.sif", Format::OciSif, None)]
#[case("empty.oci.sif", Format::OciSif, Some(Unreadable::Oci { why: "its index is empty".to_owned() }))]
#[case("empty.sif", Format::Sif, Some(Unreadable::NoRootFileSystem))]
#[case("one-object-generic-json.sif", Format::Sif, Some(Unreadable::NoRootFileSystem))]
#[case("partition-offset-past-eof.sif", Format::Sif, Some(Unreadable::Truncated { size: 86016 }))]
#[case("lean-ext3.sif", Format::Sif, Some(Unreadable::OnlyInFileSystem(FileSystem::Ext3)))]
fn what_cannot_be_read_is_named(#[case] name: &str, #[case] format: Format, #[case] why: Option<Unreadable>) {
    let image = image(name).unwrap();
    assert_eq!((image.format, image.unreadable), (format, why));
}

#[rstest]
#[case("lean-lzo.sif", Unreadable::Compression(Compression::Lzo))]
#[case("lean-encrypted-pass.sif", Unreadable::Encrypted)]
#[case("lean-encrypted-gocryptfs.sif", Unreadable::Encrypted)]
fn without_its_metadata_an_image_still_shows_its_definition(#[case] name: &str, #[case] why: Unreadable) {
    let mut bytes = bytes(name);
    remove(&mut bytes, GENERIC_JSON);
    let image = read(bytes.as_slice()).unwrap();
    assert_eq!(image.unreadable, Some(why));
    let definition = image.definition.unwrap();
    assert!(definition.starts_with("bootstrap: localimage\n"), "{definition}");
    assert_eq!(image.inspect.unwrap()["data"]["attributes"], json!({"deffile": definition}));
}

/// What the file system says, with the reason why only that.
#[test]
fn damaged_metadata_leaves_the_root_file_system() {
    let image = image("inspect-json-invalid.sif").unwrap();
    assert_eq!(
        image.unreadable.unwrap().to_string(),
        "its inspect-metadata.json is damaged (expected ident at line 1 column 11), and what is shown is what else \
         the image says: build it again"
    );
    assert_eq!(image.apps, ["alpha", "beta"]);
}

#[test]
fn a_damaged_root_file_system_leaves_the_rest() {
    let image = image("squashfs-bad-block-size.sif").unwrap();
    assert_eq!(
        image.unreadable.unwrap().to_string(),
        "its root file system is damaged (its block size is 4294967295): build or copy it again"
    );
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
