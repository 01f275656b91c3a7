//! Computes what tells one content from another.

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::ChecksumAlgorithm;
use quarterdeck_types::{Place, hex};
use rustix::fs::{OFlags, fstat};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::errors::{During, Outcome};
use crate::files::CAREFUL;
use crate::resolve::Spaces;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{is_directory, is_file, size_of};

const BUFFER: usize = 1 << 20;

pub(crate) fn run(spaces: &Spaces, progress: &Progress, at: &Place, algorithm: ChecksumAlgorithm) -> Outcome<()> {
    let at = spaces.locate(at)?;
    let opened = spaces.open(&at, OFlags::RDONLY | CAREFUL)?;
    let about = fstat(&opened).during(&at)?;
    if !is_file(&about) {
        let code = if is_directory(&about) { ErrorCode::IsADirectory } else { ErrorCode::NotRegular };
        return Err(AgentError::new(code, format!("{at}: only files have a checksum")));
    }
    progress.totals(Some(size_of(&about)), None);
    let digits = match algorithm {
        ChecksumAlgorithm::Sha256 => digest::<Sha256>(progress, &opened, &at)?,
        ChecksumAlgorithm::Sha1 => digest::<Sha1>(progress, &opened, &at)?,
    };
    progress.checksum(digits);
    Ok(())
}

fn digest<D: Digest>(
    progress: &Progress,
    file: &std::os::fd::OwnedFd,
    at: &crate::resolve::Located,
) -> Outcome<String> {
    let mut digest = D::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        progress.check()?;
        match rustix::io::retry_on_intr(|| rustix::io::read(file, &mut buffer[..])).during(at)? {
            0 => break,
            read => {
                digest.update(&buffer[..read]);
                progress.bytes(read as u64);
            }
        }
    }
    Ok(hex(&digest.finalize()))
}
