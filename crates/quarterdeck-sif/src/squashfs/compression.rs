//! Unpacks one block. Every decoder is given its room: a block that unpacks to more than it may is damaged.

use std::fmt;
use std::io::Read;

use lzma_rust2::{LzmaReader, XzReader};

/// What a decoder may take beside its output, in KiB: a dictionary larger than the largest block is of no use.
const MAX_DICTIONARY_KIB: u32 = 4 << 10;
/// The window up to which RFC 8878 wants every decoder to go, in bytes.
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// How the file system's blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Lzma,
    Lzo,
    Xz,
    Lz4,
    Zstd,
}

impl Compression {
    pub(super) fn from_code(code: u16) -> Option<Compression> {
        Some(match code {
            1 => Compression::Gzip,
            2 => Compression::Lzma,
            3 => Compression::Lzo,
            4 => Compression::Xz,
            5 => Compression::Lz4,
            6 => Compression::Zstd,
            _ => return None,
        })
    }

    /// Whether [`Compression::unpack`] knows it.
    pub(super) fn is_supported(self) -> bool {
        self != Compression::Lzo
    }

    /// At most `limit` bytes out of one block; `Err` says what is wrong with it.
    pub(super) fn unpack(self, packed: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        let mut unpacked = Vec::new();
        match self {
            Compression::Gzip => read(flate2::bufread::ZlibDecoder::new(packed), limit, &mut unpacked)?,
            Compression::Xz => read(XzReader::new_mem_limit(packed, false, MAX_DICTIONARY_KIB), limit, &mut unpacked)?,
            Compression::Lzma => {
                let decoder = LzmaReader::new_mem_limit(packed, MAX_DICTIONARY_KIB, None);
                read(decoder.map_err(|error| error.to_string())?, limit, &mut unpacked)?;
            }
            Compression::Lz4 => {
                unpacked.resize(limit, 0);
                let length = lz4_flex::block::decompress_into(packed, &mut unpacked).map_err(|e| e.to_string())?;
                unpacked.truncate(length);
            }
            Compression::Zstd => {
                let mut decoder = ruzstd::decoding::FrameDecoder::new();
                decoder.set_max_window_size(MAX_ZSTD_WINDOW);
                unpacked.resize(limit, 0);
                let length = decoder.decode_all(packed, &mut unpacked).map_err(|error| error.to_string())?;
                unpacked.truncate(length);
            }
            Compression::Lzo => return Err("lzo cannot be read".to_owned()),
        }
        Ok(unpacked)
    }
}

fn read(decoder: impl Read, limit: usize, unpacked: &mut Vec<u8>) -> Result<(), String> {
    decoder.take(limit as u64 + 1).read_to_end(unpacked).map_err(|error| error.to_string())?;
    if unpacked.len() > limit { Err(format!("it unpacks to more than {limit} bytes")) } else { Ok(()) }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Gzip => "gzip",
            Compression::Lzma => "lzma",
            Compression::Lzo => "lzo",
            Compression::Xz => "xz",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}
