//! Recognises files by their content. It sees hostile bytes: what it reads is bounded, nothing recurses, and every offset
//! that a file tells is looked up and never trusted.

mod document;
mod json;
mod magic;
mod mesh;
mod model;
mod pickle;
mod scientific;
mod source;
mod text;
mod zip;

use std::io;

use quarterdeck_types::FileKind;

use super::reason::Reason;
use super::{Risk, name};
pub(super) use source::Read;
use source::Source;

/// What the content says.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `None`: the name knows better.
    pub(super) kind: Option<(FileKind, Reason)>,
    pub(super) risks: Vec<Risk>,
    /// The file's first bytes.
    pub(super) head: Vec<u8>,
}

type Recognised = Option<(Option<(FileKind, Reason)>, Vec<Risk>)>;

/// Looks into a file of `size` bytes.
pub(super) fn recognise(read: &Read, size: u64, name: &str) -> io::Result<Found> {
    let source = Source::open(read, size);
    let (kind, risks) = recognised(&source, name).unwrap_or_default();
    let head = source.head().to_vec();
    source.end(Found { kind, risks, head })
}

fn recognised(source: &Source, name: &str) -> Recognised {
    let of = |kind, reason| Some((Some((kind, reason)), Vec::new()));
    if source.head().is_empty() {
        return None;
    }
    if let Some(format) = magic::program(source) {
        return Some((Some((FileKind::Script, Reason::format(format))), vec![Risk::Executables]));
    }
    if let Some(found) = zip::recognise(source).or_else(|| document::compound(source, name)) {
        return Some(found);
    }
    if magic::is_compressed(source.head()) && name::kind(name).is_some() {
        return None;
    }
    if let Some((kind, reason)) = scientific::recognise(source, name) {
        return of(kind, reason);
    }
    if let Some((kind, reason)) = magic::format(source.head()) {
        let pickles = magic::is_numpy_of_objects(source.head());
        return Some((Some((kind, reason)), pickles.then_some(Risk::Pickles).into_iter().collect()));
    }
    if let Some(found) = pickle::recognise(source.head()) {
        return Some(found);
    }
    let found = model::recognise(source).or_else(|| mesh::binary(source)).or_else(|| text::recognise(source, name));
    let (kind, reason) = found?;
    of(kind, reason)
}
