//! Formats that are told by a few bytes at a fixed place.

use quarterdeck_types::FileKind;

use super::source::{Source, u32_be, u32_le};
use crate::uploads::kind::reason::Reason;

const DATA: FileKind = FileKind::Data;

/// Offset, bytes, and what they mean. From the formats' own documents, and from the `magic` files of file(1).
const FORMATS: &[(usize, &[u8], FileKind, &str)] = &[
    (0, b"\x93NUMPY", DATA, "NumPy"),
    (0, b"PAR1", DATA, "Parquet"),
    (0, b"ARROW1", DATA, "Arrow"),
    (0, b"FEA1", DATA, "Feather"),
    (0, b"Obj\x01", DATA, "Avro"),
    (0, b"ORC", DATA, "ORC"),
    (0, b"SQLite format 3\0", DATA, "SQLite"),
    (0, b"SIMPLE  =", DATA, "FITS"),
    (0, b"GRIB", DATA, "GRIB"),
    (0, b"MATLAB 5.0 MAT-file", DATA, "MATLAB"),
    (0, b"\x0e\x03\x13\x01", DATA, "HDF4"),
    (0, b"RDX2\n", DATA, "R"),
    (0, b"RDX3\n", DATA, "R"),
    (0, b"BAM\x01", DATA, "BAM"),
    (128, b"DICM", DATA, "DICOM"),
    (344, b"n+1\0", DATA, "NIfTI"),
    (32, b"SIF_MAGIC\0", DATA, "Apptainer SIF"),
    (0, b"\x89PNG\r\n\x1a\n", DATA, "PNG"),
    (0, b"\xff\xd8\xff", DATA, "JPEG"),
    (0, b"GIF87a", DATA, "GIF"),
    (0, b"GIF89a", DATA, "GIF"),
    (0, b"II*\0", DATA, "TIFF"),
    (0, b"MM\0*", DATA, "TIFF"),
    (0, b"II+\0", DATA, "BigTIFF"),
    (0, b"RIFF", DATA, "RIFF"),
    (257, b"ustar", DATA, "tar"),
    (0, b"7z\xbc\xaf\x27\x1c", DATA, "7z"),
    (0, b"Rar!\x1a\x07", DATA, "RAR"),
    (0, b"%PDF-", FileKind::Document, "PDF"),
    (0, b"%!PS", FileKind::Document, "PostScript"),
    (0, b"{\\rtf", FileKind::Document, "RTF"),
    (0, b"HWP Document File", FileKind::Document, "HWP"),
    (0, b"@(#)ADF Database", FileKind::Mesh, "CGNS (ADF)"),
    (0, b"glTF", FileKind::Mesh, "glTF"),
    (0, b"#!TDV", FileKind::Result, "Tecplot"),
    (0, b"#!SZPLT", FileKind::Result, "Tecplot"),
    // GROMACS: the numbers 1993 and 1995, in XDR.
    (0, b"\0\0\x07\xc9\0\0\0\x0d\0\0\0\x0cGMX_trn", FileKind::Result, "GROMACS TRR"),
    (0, b"\0\0\x07\xcb", FileKind::Result, "GROMACS XTC"),
    (0, b"T\0\0\0CORD", FileKind::Result, "DCD"),
    (0, b"\0\0\0TCORD", FileKind::Result, "DCD"),
];

const COMPRESSED: &[(&[u8], &str)] =
    &[(b"\x1f\x8b\x08", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "Zstandard")];

pub(super) fn format(head: &[u8]) -> Option<(FileKind, Reason)> {
    let there = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    if let Some((_, _, kind, format)) = FORMATS.iter().find(|(at, bytes, ..)| there(*at, bytes)) {
        return Some((*kind, Reason::format(format)));
    }
    let (_, format) = COMPRESSED.iter().find(|(bytes, _)| there(0, bytes))?;
    Some((DATA, Reason::format(format)))
}

pub(super) fn is_compressed(head: &[u8]) -> bool {
    COMPRESSED.iter().any(|(bytes, _)| head.starts_with(bytes))
}

/// An array of Python objects, which are pickled. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
pub(super) fn is_numpy_of_objects(head: &[u8]) -> bool {
    const HEADER_BYTES: usize = 1024;
    let header = &head[..head.len().min(HEADER_BYTES)];
    let header = header.split(|byte| *byte == b'\n').next().unwrap_or_default();
    head.starts_with(b"\x93NUMPY") && header.windows(2).any(|window| window == b"|O")
}

/// The format of a program as machine code, or of a library, which is one too.
pub(super) fn program(source: &Source) -> Option<&'static str> {
    let head = source.head();
    match head.first_chunk::<4>()? {
        b"\x7fELF" => is_elf_program(head).then_some("ELF"),
        b"\0asm" => Some("WebAssembly"),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => Some("Mach-O"),
        // Java's classes begin alike; there the version of the format stands where Mach-O counts its architectures.
        [0xca, 0xfe, 0xba, 0xbe | 0xbf] => {
            Some(if u32_be(head, 4).is_some_and(|count| count < 45) { "Mach-O" } else { "Java" })
        }
        [b'M', b'Z', ..] => is_pe(source).then_some("PE"),
        _ => None,
    }
}

/// What a crashed program left behind (`ET_CORE`) is none. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
fn is_elf_program(head: &[u8]) -> bool {
    let at = if head.get(5) == Some(&2) { 17 } else { 16 };
    head.get(at) != Some(&4)
}

/// https://learn.microsoft.com/windows/win32/debug/pe-format
fn is_pe(source: &Source) -> bool {
    let Some(at) = u32_le(source.head(), 0x3c) else { return false };
    source.at(at.into(), 4) == b"PE\0\0"
}
