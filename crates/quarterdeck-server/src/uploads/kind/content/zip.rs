//! Zip, and what is kept in it: Office documents, NumPy's and PyTorch's files. Nothing is unpacked; the names in it tell.
//! https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

use quarterdeck_types::FileKind;

use super::Recognised;
use super::source::{Source, u16_le, u32_le, u64_le};
use crate::uploads::kind::Risk;
use crate::uploads::kind::reason::Reason;

/// The end's record with the longest comment behind it, and the one of zip64 before it.
const END_BYTES: u64 = 22 + 65_535 + 20;
const LONGEST_DIRECTORY: u64 = 8 << 20;
const FILE: &[u8] = b"PK\x03\x04";

/// What the names in it say.
#[derive(Default)]
struct Inside {
    mimetype: Option<&'static str>,
    word: bool,
    sheets: bool,
    slides: bool,
    macros: bool,
    pickle: bool,
    torch_script: bool,
    keras_config: bool,
    keras_weights: bool,
    numpy: bool,
    other_than_numpy: bool,
    three_d: bool,
    fmu: bool,
    hwpx: bool,
}

pub(super) fn recognise(source: &Source) -> Recognised {
    let head = source.head();
    if !head.starts_with(FILE) && !head.starts_with(b"PK\x05\x06") {
        return None;
    }
    let mut inside = Inside { mimetype: mimetype(head), ..Inside::default() };
    // Both: a file may be cut, still on its way, or have a directory that does not name all.
    inside.see_files(head);
    if let Some(directory) = directory(source) {
        inside.see_directory(&directory);
    }
    Some(inside.means())
}

impl Inside {
    fn means(&self) -> (Option<(FileKind, Reason)>, Vec<Risk>) {
        let mut risks = Vec::new();
        if self.macros {
            risks.push(Risk::Macros);
        }
        if self.pickle {
            risks.push(Risk::Pickles);
        }
        let with = |with| Reason::with("zip", with);
        let (kind, reason) = match self.mimetype {
            Some(format) if format.ends_with("spreadsheet") => (FileKind::Data, Reason::format(format)),
            Some(format) => (FileKind::Document, Reason::format(format)),
            None if self.word => (FileKind::Document, Reason::format("Word")),
            None if self.sheets => (FileKind::Data, Reason::format("Excel")),
            None if self.slides => (FileKind::Document, Reason::format("PowerPoint")),
            None if self.hwpx => (FileKind::Document, Reason::format("HWPX")),
            None if self.torch_script && self.pickle => (FileKind::Model, Reason::format("TorchScript")),
            None if self.pickle => (FileKind::Model, Reason::format("PyTorch")),
            None if self.keras_config && self.keras_weights => (FileKind::Model, Reason::format("Keras")),
            None if self.fmu => (FileKind::Model, Reason::format("FMU")),
            None if self.three_d => (FileKind::Mesh, Reason::format("3MF")),
            None if self.numpy && !self.other_than_numpy => (FileKind::Data, with("*.npy (NumPy)")),
            None => (FileKind::Data, Reason::format("zip")),
        };
        (Some((kind, reason)), risks)
    }

    fn see(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase().replace('\\', "/");
        // ECMA-376, part 2; where macros are: [MS-OFFMACRO2] and [MS-XLSB]'s sheets of Excel 4.
        self.word |= name.starts_with("word/");
        self.sheets |= name.starts_with("xl/");
        self.slides |= name.starts_with("ppt/");
        self.macros |= name.ends_with("vbaproject.bin") || name.contains("xl/macrosheets/");
        // OpenDocument, part 2, 3: the libraries of LibreOffice's Basic, and scripts in other languages.
        self.macros |= name.starts_with("basic/") || (name.starts_with("scripts/") && !name.ends_with('/'));
        self.hwpx |= name == "contents/content.hpf";
        // torch/serialization: one directory around all; old ones of TorchScript call it model.json.
        self.pickle |= name.ends_with("/data.pkl") || name == "data.pkl" || name.ends_with("/constants.pkl");
        self.torch_script |= name.contains("/code/");
        self.keras_config |= name == "config.json";
        self.keras_weights |= name == "model.weights.h5";
        self.three_d |= name == "3d/3dmodel.model";
        self.fmu |= name == "modeldescription.xml";
        let numpy = name.ends_with(".npy");
        self.numpy |= numpy;
        self.other_than_numpy |= !numpy;
    }

    fn see_directory(&mut self, directory: &[u8]) {
        let mut at = 0;
        while let Some(entry) = directory.get(at..).filter(|entry| entry.starts_with(b"PK\x01\x02")) {
            let lengths = [28, 30, 32].map(|offset| u16_le(entry, offset).map(usize::from));
            let [Some(name), Some(extra), Some(comment)] = lengths else { return };
            let Some(bytes) = entry.get(46..46 + name) else { return };
            self.see(bytes);
            at += 46 + name + extra + comment;
        }
    }

    fn see_files(&mut self, head: &[u8]) {
        const SIZE_FOLLOWS: u16 = 1 << 3;
        let mut at = 0_usize;
        while let Some(file) = head.get(at..).filter(|file| file.starts_with(FILE)) {
            let (Some(flags), Some(packed)) = (u16_le(file, 6), u32_le(file, 18)) else { return };
            let lengths = [26, 28].map(|offset| u16_le(file, offset).map(usize::from));
            let [Some(name), Some(extra)] = lengths else { return };
            let Some(bytes) = file.get(30..30 + name) else { return };
            self.see(bytes);
            if flags & SIZE_FOLLOWS != 0 {
                return;
            }
            let Some(next) = at.checked_add(30 + name + extra + packed as usize) else { return };
            at = next;
        }
    }
}

/// OpenDocument, EPUB and HWPX name themselves in their first file, which is not packed.
fn mimetype(head: &[u8]) -> Option<&'static str> {
    const NAME: &[u8] = b"mimetype";
    if u16_le(head, 26)? as usize != NAME.len() || head.get(30..38)? != NAME {
        return None;
    }
    let said = head.get(38 + usize::from(u16_le(head, 28)?)..)?;
    let known: [(&[u8], &str); 6] = [
        (b"application/vnd.oasis.opendocument.text", "OpenDocument"),
        (b"application/vnd.oasis.opendocument.spreadsheet", "OpenDocument spreadsheet"),
        (b"application/vnd.oasis.opendocument.presentation", "OpenDocument"),
        (b"application/vnd.oasis.opendocument", "OpenDocument"),
        (b"application/epub+zip", "EPUB"),
        (b"application/hwp+zip", "HWPX"),
    ];
    known.into_iter().find(|(mimetype, _)| said.starts_with(mimetype)).map(|(_, format)| format)
}

/// The central directory, which names all that is in the zip.
fn directory(source: &Source) -> Option<Vec<u8>> {
    let tail = source.tail(END_BYTES);
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let mut length = u64::from(u32_le(&tail, end + 12)?);
    let mut offset = u64::from(u32_le(&tail, end + 16)?);
    if offset == u64::from(u32::MAX) || length == u64::from(u32::MAX) {
        let locator = tail.get(end.checked_sub(20)?..end).filter(|bytes| bytes.starts_with(b"PK\x06\x07"))?;
        let record = source.at(u64_le(locator, 8)?, 56);
        if !record.starts_with(b"PK\x06\x06") {
            return None;
        }
        (length, offset) = (u64_le(&record, 40)?, u64_le(&record, 48)?);
    }
    if length > LONGEST_DIRECTORY {
        return None;
    }
    let directory = source.at(offset, length);
    (directory.len() as u64 == length && length > 0).then_some(directory)
}
