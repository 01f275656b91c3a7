//! An access control list as the kernel keeps it in an extended attribute (`linux/posix_acl_xattr.h`): a version, and
//! entries of tag, rights and id, all little-endian.

use quarterdeck_types::acl::{Acl, Named, NamedKind, Rights};

const VERSION: u32 = 2;
const HEADER_BYTES: usize = 4;
const ENTRY_BYTES: usize = 8;
/// Of an entry that is nobody's in particular.
const NO_ID: u32 = u32::MAX;

// include/uapi/linux/posix_acl.h
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OF_FILE: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;

/// `None`: this is no list.
pub(super) fn parse(bytes: &[u8]) -> Option<Acl> {
    let (version, entries) = bytes.split_at_checked(HEADER_BYTES)?;
    if u32::from_le_bytes(version.try_into().ok()?) != VERSION || entries.len() % ENTRY_BYTES != 0 {
        return None;
    }
    let (mut owner, mut group, mut others, mut mask, mut named) = (None, None, None, None, Vec::new());
    for entry in entries.chunks_exact(ENTRY_BYTES) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let bits = u16::from_le_bytes([entry[2], entry[3]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let rights = Rights::from_bits(u8::try_from(bits).ok().filter(|bits| *bits <= 7)?);
        let once = match tag {
            OWNER => &mut owner,
            GROUP_OF_FILE => &mut group,
            OTHERS => &mut others,
            MASK => &mut mask,
            USER | GROUP => {
                let kind = if tag == USER { NamedKind::User } else { NamedKind::Group };
                named.push(Named { kind, id, rights });
                continue;
            }
            _ => return None,
        };
        if once.replace(rights).is_some() {
            return None;
        }
    }
    if mask.is_none() && !named.is_empty() {
        return None;
    }
    Some(Acl { owner: owner?, group: group?, others: others?, mask, named })
}

/// In the order in which the kernel wants it.
pub(super) fn write(acl: &Acl) -> Vec<u8> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    let mut put = |tag: u16, rights: Rights, id: u32| {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(u16::from(rights.bits()).to_le_bytes());
        bytes.extend(id.to_le_bytes());
    };
    let named = |kind| acl.named.iter().filter(move |named| named.kind == kind);
    put(OWNER, acl.owner, NO_ID);
    named(NamedKind::User).for_each(|user| put(USER, user.rights, user.id));
    put(GROUP_OF_FILE, acl.group, NO_ID);
    named(NamedKind::Group).for_each(|group| put(GROUP, group.rights, group.id));
    if let Some(mask) = acl.mask {
        put(MASK, mask, NO_ID);
    }
    put(OTHERS, acl.others, NO_ID);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn rights(text: &str) -> Rights {
        Rights::parse(text).unwrap()
    }

    /// What `setfacl -m u:65534:rw,g:100:r,m:r` makes of a file of mode 0640, as `getfattr -e hex` shows it.
    const RECORDED: &str = "0200000001000600ffffffff02000600feff000004000400ffffffff080004006400000010000400ffffffff\
                            20000000ffffffff";

    fn recorded() -> Vec<u8> {
        let digits: String = RECORDED.split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn what_setfacl_wrote_is_read_and_written_again() {
        let acl = parse(&recorded()).unwrap();
        let named = vec![
            Named { kind: NamedKind::User, id: 65534, rights: rights("rw-") },
            Named { kind: NamedKind::Group, id: 100, rights: rights("r--") },
        ];
        let (owner, group, others) = (rights("rw-"), rights("r--"), rights("---"));
        assert_eq!(acl, Acl { owner, group, others, mask: Some(rights("r--")), named });
        assert_eq!(acl.effective(rights("rw-")), rights("r--"));
        assert_eq!(write(&acl), recorded());
    }

    #[rstest]
    #[case::empty(&[])]
    #[case::another_version(&[1, 0, 0, 0])]
    #[case::without_entries(&[2, 0, 0, 0])]
    fn what_is_no_list_is_none(#[case] bytes: &[u8]) {
        assert_eq!(parse(bytes), None);
    }

    #[test]
    fn a_list_that_is_cut_or_says_something_twice_is_none() {
        let bytes = recorded();
        assert_eq!(parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(parse(&bytes[..bytes.len() - ENTRY_BYTES]), None, "nothing for others");
        assert_eq!(parse(&[&bytes[..], &bytes[bytes.len() - ENTRY_BYTES..]].concat()), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            mode in 0_u32..0o1000,
            named in proptest::collection::vec((any::<bool>(), 0..u32::MAX, 0_u8..8), 0..20),
        ) {
            let named = named.into_iter().map(|(is_user, id, bits)| {
                let kind = if is_user { NamedKind::User } else { NamedKind::Group };
                Named { kind, id, rights: Rights::from_bits(bits) }
            });
            let acl = Acl { named: named.collect(), ..Acl::of_mode(mode) }.unmasked();
            prop_assert_eq!(parse(&write(&acl)), Some(acl));
        }

        #[test]
        fn bytes_of_any_kind_end(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
        }
    }
}
