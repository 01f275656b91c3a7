//! Archives as nobody's tool makes them.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use quarterdeck_archive::packing::Packing;
use tar::{EntryType, Header};

/// A zip archive, entry by entry.
#[derive(Default)]
pub struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

impl Zip {
    /// With a Unix mode, its type in it; 0: made by MS-DOS, which has none. `flags` as the format has them.
    pub fn add(mut self, name: impl AsRef<[u8]>, mode: u32, flags: u16, content: &[u8]) -> Zip {
        let name = name.as_ref();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(content).unwrap();
        let packed = deflate.finish().unwrap();
        let start = self.bytes.len() as u32;
        let mut common = Vec::new();
        for field in [20, flags, 8, 0, 0x21] {
            common.extend(u16::to_le_bytes(field));
        }
        for field in [crc32fast::hash(content), packed.len() as u32, content.len() as u32] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend(name);
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend([20, if mode == 0 { 0 } else { 3 }]);
        self.directory.extend(common);
        self.directory.extend([0; 6]);
        self.directory.extend((mode << 16).to_le_bytes());
        self.directory.extend(start.to_le_bytes());
        self.directory.extend(name);
        self.entries += 1;
        self
    }

    pub fn finish(mut self) -> Vec<u8> {
        let start = self.bytes.len() as u32;
        let size = self.directory.len() as u32;
        self.bytes.extend(self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.entries.to_le_bytes());
        self.bytes.extend(self.entries.to_le_bytes());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(start.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

/// A tar archive, entry by entry; names and targets as they are given, whatever they lead to.
#[derive(Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub fn add(mut self, kind: EntryType, name: &str, target: &str, mode: u32, content: &[u8]) -> Tar {
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..name.len()].copy_from_slice(name.as_bytes());
        fields.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend([0; 1024]);
        self.bytes
    }

    pub fn packed(self, packing: Packing) -> Vec<u8> {
        packed(packing, &self.finish())
    }
}

pub fn packed(packing: Packing, bytes: &[u8]) -> Vec<u8> {
    let mut packer = packing.pack(Vec::new()).unwrap();
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
