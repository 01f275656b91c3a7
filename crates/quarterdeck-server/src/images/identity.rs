//! By what an image is known again, wherever it lies.

use quarterdeck_sif::{Image, ReadAt, Stamp, Unreadable};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::images::visit::Host;

/// What of an image's beginning tells it from others: its header and descriptors, or the superblock of its file
/// system, are in there.
const BEGINNING_BYTES: u64 = 48 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// The UUID in its header, when it was built and last changed, and its size. Copies share it; one that something
    /// else than Apptainer changed in place would too.
    Header,
    /// A hash of its beginning, its size and what it says about itself: for images without an UUID, and damaged ones.
    Content,
    /// The file that it is: nothing of it could be read.
    Place,
}

impl IdentityKind {
    const ALL: [IdentityKind; 3] = [IdentityKind::Header, IdentityKind::Content, IdentityKind::Place];

    pub fn as_str(self) -> &'static str {
        match self {
            IdentityKind::Header => "header",
            IdentityKind::Content => "content",
            IdentityKind::Place => "place",
        }
    }

    pub fn parse(text: &str) -> Option<IdentityKind> {
        IdentityKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Two images with the same identity are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub kind: IdentityKind,
    pub value: String,
}

impl Identity {
    /// Of an image that was read.
    pub(super) fn of<R: ReadAt + ?Sized>(image: &Image, reader: &R) -> std::io::Result<Identity> {
        let size = reader.size()?;
        let header = image.uuid.filter(|_| !is_damaged(image));
        Ok(match header {
            Some(uuid) => Identity::of_header(&Stamp { uuid, created: image.created, modified: image.modified }, size),
            None => {
                let problem = image.unreadable.as_ref().map(ToString::to_string).unwrap_or_default();
                let inspect = image.inspect.as_ref().map(Value::to_string).unwrap_or_default();
                let definition = image.definition.as_deref().unwrap_or_default();
                Identity::of_content(reader, &[&problem, &inspect, definition])?
            }
        })
    }

    /// Of an image that is whole, by its header and its size.
    pub(super) fn of_header(stamp: &Stamp, size: u64) -> Identity {
        let [created, modified] = [stamp.created, stamp.modified].map(|time| time.map_or(0, |time| time.timestamp()));
        Identity { kind: IdentityKind::Header, value: format!("{}:{created}:{modified}:{size}", stamp.uuid) }
    }

    /// Of a file that is no image, or none that can be read, by what was found wrong with it.
    pub(super) fn of_damaged<R: ReadAt + ?Sized>(problem: &str, reader: &R) -> std::io::Result<Identity> {
        Identity::of_content(reader, &[problem])
    }

    pub(super) fn of_place(host: &Host, path: &str) -> Identity {
        let value = format!("{}:{}:{}:{path}", host.source.as_str(), host.cluster, host.node);
        Identity { kind: IdentityKind::Place, value }
    }

    fn of_content<R: ReadAt + ?Sized>(reader: &R, texts: &[&str]) -> std::io::Result<Identity> {
        let size = reader.size()?;
        let mut beginning = vec![0; size.min(BEGINNING_BYTES) as usize];
        reader.read_at(0, &mut beginning)?;
        let mut hash = Sha256::new();
        hash.update(size.to_le_bytes());
        hash.update(&beginning);
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        let value = quarterdeck_types::hex(&hash.finalize());
        Ok(Identity { kind: IdentityKind::Content, value })
    }

    /// As it is written in the database. `owner`: the Unix user whose own the image is. The same image of two people, or
    /// of one and of the site, is two: what is known of one tells nobody that there is the other.
    pub(super) fn to_text(&self, owner: Option<&str>) -> String {
        let kind = self.kind.as_str();
        match owner {
            None => format!("{kind}:{}", self.value),
            Some(owner) => format!("{kind}@{owner}:{}", self.value),
        }
    }

    /// What of it is the image's, whoever the owner is.
    pub(super) fn parse(text: &str) -> Option<Identity> {
        let (kind, value) = text.split_once(':')?;
        let kind = kind.split_once('@').map_or(kind, |(kind, _)| kind);
        Some(Identity { kind: IdentityKind::parse(kind)?, value: value.to_owned() })
    }
}

/// A copy that came to harm has the header of the whole one, and is another image nevertheless.
fn is_damaged(image: &Image) -> bool {
    match &image.unreadable {
        None => false,
        Some(
            Unreadable::Compression(_)
            | Unreadable::TooMuch { .. }
            | Unreadable::OnlyInFileSystem(_)
            | Unreadable::Encrypted
            | Unreadable::NoRootFileSystem,
        ) => false,
        Some(
            Unreadable::Truncated { .. }
            | Unreadable::Metadata { .. }
            | Unreadable::RootFileSystem { .. }
            | Unreadable::Oci { .. },
        ) => true,
    }
}
