//! Documents of Word, Excel, PowerPoint and Hangul before they became zip: a file system of its own in each file.
//! [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb

use quarterdeck_types::FileKind;

use super::Recognised;
use super::source::{Source, u16_le, u32_le};
use crate::uploads::kind::reason::Reason;
use crate::uploads::kind::{Risk, name as names};

const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Sectors of the directory that are looked at: four entries each, or thirty-two.
const MOST_SECTORS: usize = 4096;
const ENTRY_BYTES: usize = 128;
const END_OF_CHAIN: u32 = 0xffff_fffa;

pub(super) fn compound(source: &Source, name: &str) -> Recognised {
    if !source.head().starts_with(MAGIC) {
        return None;
    }
    let entries = entries(source);
    let has = |wanted: &[&str]| entries.iter().any(|entry| wanted.contains(&entry.as_str()));
    // [MS-OVBA] 2.2.1: Word keeps its project in `Macros`, Excel in `_VBA_PROJECT_CUR`, PowerPoint as an object.
    let macros = has(&["Macros", "_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"]);
    let risks = if macros { vec![Risk::Macros] } else { Vec::new() };
    let kind = if has(&["WordDocument"]) {
        Some((FileKind::Document, Reason::format("Word")))
    } else if has(&["Workbook", "Book"]) {
        Some((FileKind::Data, Reason::format("Excel")))
    } else if has(&["PowerPoint Document"]) {
        Some((FileKind::Document, Reason::format("PowerPoint")))
    } else if has(&["HwpSummaryInformation", "\u{5}HwpSummaryInformation", "BodyText"]) {
        Some((FileKind::Document, Reason::format("HWP")))
    } else if names::kind(name).is_none() {
        Some((FileKind::Data, Reason::format("OLE")))
    } else {
        None
    };
    Some((kind, risks))
}

/// The names of what is in it.
fn entries(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    let head = source.head();
    let Some(shift @ (9 | 12)) = u16_le(head, 30) else { return names };
    let Some(mut sector) = u32_le(head, 48) else { return names };
    let bytes = 1_u64 << shift;
    let place = |sector: u32| (u64::from(sector) + 1) << shift;
    for _ in 0..MOST_SECTORS {
        if sector >= END_OF_CHAIN {
            break;
        }
        let entries = source.at(place(sector), bytes);
        names.extend(entries.chunks_exact(ENTRY_BYTES).filter_map(entry_name));
        // The next one stands in the table of sectors, of which the header names the first 109.
        let in_one = (bytes / 4) as u32;
        let table = (sector / in_one) as usize;
        let Some(table) = (table < 109).then(|| u32_le(head, 76 + 4 * table)).flatten() else { break };
        let next = source.at(place(table) + u64::from(sector % in_one) * 4, 4);
        let Some(next) = u32_le(&next, 0) else { break };
        sector = next;
    }
    names
}

fn entry_name(entry: &[u8]) -> Option<String> {
    // With the zero behind it.
    let length = usize::from(u16_le(entry, 64)?);
    let units: Vec<u16> = entry
        .get(..length.checked_sub(2)?.min(64))?
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).ok()
}
