//! What a tar archive is packed with, to be read and to be written: gzip, zstd and xz.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZeroU64;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzReader, XzWriter};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use zstd::stream::write::Encoder as ZstdEncoder;

const GZIP_MAGIC: &[u8] = b"\x1f\x8b";
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";
/// What a frame begins with that zstd's readers pass over, but for four bits.
const SKIPPABLE: u32 = 0x184d_2a50;

const BUFFER: usize = 64 << 10;
/// What the largest dictionary takes that `xz -9` makes, and a little for the decoder itself.
const MOST_XZ_KIB: u32 = 66 << 10;
/// As much as `zstd -d` takes unless it is told otherwise.
const MOST_ZSTD: u64 = 128 << 20;
/// Little memory, and a third of the time of xz's own choice.
const XZ_PRESET: u32 = 2;
const XZ_BLOCK: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Gzip,
    Zstd,
    Xz,
}

impl Packing {
    /// What begins like this is packed with.
    pub fn of(head: &[u8]) -> Option<Packing> {
        let all = [(GZIP_MAGIC, Packing::Gzip), (ZSTD_MAGIC, Packing::Zstd), (XZ_MAGIC, Packing::Xz)];
        all.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, packing)| packing)
    }

    /// Gives the bytes that were packed. [`io::ErrorKind::OutOfMemory`]: it asks for more memory than anybody's archive
    /// should.
    pub fn unpack<'a>(self, from: impl Read + 'a) -> Box<dyn Read + 'a> {
        let from = BufReader::with_capacity(BUFFER, from);
        match self {
            Packing::Gzip => Box::new(Members { now: Some(GzDecoder::new(from)) }),
            Packing::Zstd => Box::new(Frames { from, decoder: Box::new(zstd_decoder()), is_open: false }),
            Packing::Xz => Box::new(XzReader::new_mem_limit(from, true, MOST_XZ_KIB)),
        }
    }

    pub fn pack<W: Write>(self, to: W) -> io::Result<Packer<W>> {
        Ok(match self {
            Packing::Gzip => Packer::Gzip(GzEncoder::new(to, Compression::default())),
            Packing::Zstd => {
                let mut zstd = ZstdEncoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                zstd.include_checksum(true)?;
                Packer::Zstd(zstd)
            }
            Packing::Xz => {
                let mut options = XzOptions::with_preset(XZ_PRESET);
                // That others unpack it with all their processors.
                options.set_block_size(NonZeroU64::new(XZ_BLOCK));
                Packer::Xz(Box::new(XzWriter::new(to, options)?))
            }
        })
    }
}

/// Gzip's members one after another. What is no member behind one is passed over, as gzip does.
struct Members<R> {
    now: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.now {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut from = self.now.take().expect("it was there just now").into_inner();
            if from.fill_buf()?.first() == GZIP_MAGIC.first() {
                self.now = Some(GzDecoder::new(from));
            }
        }
        Ok(0)
    }
}

/// Zstd's frames one after another, each held to its checksum.
struct Frames<R> {
    from: R,
    decoder: Box<FrameDecoder>,
    is_open: bool,
}

fn zstd_decoder() -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MOST_ZSTD);
    decoder
}

impl<R: BufRead> Frames<R> {
    /// Begins the next frame; `false`: there is none.
    fn open(&mut self) -> io::Result<bool> {
        loop {
            if self.from.fill_buf()?.is_empty() {
                return Ok(false);
            }
            let mut magic = [0; 4];
            self.from.read_exact(&mut magic)?;
            if u32::from_le_bytes(magic) & !0xf == SKIPPABLE {
                let mut length = [0; 4];
                self.from.read_exact(&mut length)?;
                let length = u64::from(u32::from_le_bytes(length));
                if io::copy(&mut (&mut self.from).take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            self.decoder.reset(magic.as_slice().chain(&mut self.from)).map_err(of_zstd)?;
            return Ok(true);
        }
    }

    fn check(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            Some(said) if Some(said) != self.decoder.get_calculated_checksum() => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a frame does not have its checksum"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_open {
                self.is_open = self.open()?;
                if !self.is_open {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.from, one).map_err(of_zstd)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.check()?;
            self.is_open = false;
        }
    }
}

fn of_zstd(error: FrameDecoderError) -> io::Error {
    let kind = match error {
        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error.to_string())
}

/// Packs what is written to it.
pub enum Packer<W: Write> {
    Gzip(GzEncoder<W>),
    Zstd(ZstdEncoder<'static, W>),
    Xz(Box<XzWriter<W>>),
}

impl<W: Write> Packer<W> {
    /// Writes what is left; answers what it was written to.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Packer::Gzip(gzip) => gzip.finish(),
            Packer::Zstd(zstd) => zstd.finish(),
            Packer::Xz(xz) => xz.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packer::Gzip(gzip) => gzip.write(bytes),
            Packer::Zstd(zstd) => zstd.write(bytes),
            Packer::Xz(xz) => xz.write(bytes),
        }
    }

    /// What is held back to be compressed together stays so until the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const ALL: [Packing; 3] = [Packing::Gzip, Packing::Zstd, Packing::Xz];

    fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        let mut packer = packing.pack(Vec::new()).unwrap();
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn unpack(packing: Packing, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        packing.unpack(bytes).take(64 << 20).read_to_end(&mut unpacked).map(|_| unpacked)
    }

    /// Neither the same again and again nor without any order.
    fn sample(length: usize) -> Vec<u8> {
        (0..length).map(|at| ((at / 7) ^ ((at * at) >> 9)) as u8).collect()
    }

    #[rstest]
    fn what_is_packed_is_unpacked_as_it_was(
        #[values(Packing::Gzip, Packing::Zstd, Packing::Xz)] packing: Packing,
        #[values(0, 1, 300_000, 8 << 20)] length: usize,
    ) {
        let bytes = sample(length);
        let packed = pack(packing, &bytes);
        assert_eq!(Packing::of(&packed), Some(packing));
        assert!(unpack(packing, &packed).unwrap() == bytes);
        // As tools that work in parallel write it: several, one after another.
        assert!(unpack(packing, &[packed.clone(), packed].concat()).unwrap() == [bytes.clone(), bytes].concat());
    }

    #[rstest]
    fn a_bit_that_changed_on_the_way_is_found(#[values(Packing::Gzip, Packing::Zstd, Packing::Xz)] packing: Packing) {
        let bytes = sample(100_000);
        let packed = pack(packing, &bytes);
        for at in (12..packed.len()).step_by(packed.len() / 50) {
            let mut changed = packed.clone();
            changed[at] ^= 1;
            let read = unpack(packing, &changed);
            assert!(read.is_err() || read.is_ok_and(|read| read == bytes), "{packing:?} {at}");
        }
    }

    #[test]
    fn what_zstd_passes_over_is_passed_over() {
        let frame = pack(Packing::Zstd, b"bytes");
        let note = [&b"\x53\x2a\x4d\x18\x04\0\0\0"[..], b"note"].concat();
        assert_eq!(unpack(Packing::Zstd, &[&frame[..], &note, &frame].concat()).unwrap(), b"bytesbytes");
        assert!(unpack(Packing::Zstd, &[&frame[..], &note[..10]].concat()).is_err());
    }

    #[test]
    fn what_stands_behind_gzips_last_member_is_passed_over() {
        let padded = [pack(Packing::Gzip, b"bytes"), vec![0; 1000]].concat();
        assert_eq!(unpack(Packing::Gzip, &padded).unwrap(), b"bytes");
    }

    #[test]
    fn an_archive_that_asks_for_all_memory_gets_none() {
        // A window of 2 GiB, and a dictionary of 4 GiB.
        let zstd = b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0";
        let mut xz = pack(Packing::Xz, b"bytes");
        // The size of its one filter's dictionary, and the header's checksum.
        xz[16] = 40;
        let sum = crc32fast::hash(&xz[12..20]).to_le_bytes();
        xz[20..24].copy_from_slice(&sum);
        for (packing, bytes) in [(Packing::Zstd, zstd.as_slice()), (Packing::Xz, &xz)] {
            assert_eq!(unpack(packing, bytes).unwrap_err().kind(), io::ErrorKind::OutOfMemory, "{packing:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_that_somebody_changed_are_an_error_or_other_bytes(
            packing in proptest::sample::select(ALL.to_vec()),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            length in any::<prop::sample::Index>(),
        ) {
            let mut packed = pack(packing, &sample(5000));
            for (at, byte) in changes {
                let at = at.index(packed.len());
                packed[at] = byte;
            }
            packed.truncate(length.index(packed.len()) + 1);
            // It ends, and does not panic.
            let _ = unpack(packing, &packed);
        }
    }
}
