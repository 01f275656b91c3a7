//! Has a node compute the SHA-256 of a file: the one command that is ever run there.
//!
//! The path is no part of the command, which the account's shell reads, whichever shell that is: it goes to `xargs` on
//! the standard input, behind a NUL. So nothing in a path can be taken for anything else, and a site can allow this very
//! command alone.

use std::time::Duration;

use russh::ChannelMsg;
use tokio::time::timeout;

use crate::connect::Connection;
use crate::printable;

/// What is kept of either output; the path is in both.
const MAX_OUTPUT_BYTES: usize = 16 << 10;
const DIGITS: usize = 64;

/// Why there is no digest, said of the node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    #[error("computing the digest took longer than {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("it lets this account run no command: see \"Digests\" in docs/admin/images.md")]
    NotAllowed,
    #[error("it closed the connection")]
    Closed,
    #[error("sha256sum failed: {0}")]
    Failed(String),
    #[error("it answers with something else than a digest: see \"Digests\" in docs/admin/images.md")]
    NoDigest,
}

/// Read by any shell alike: nothing stands between its single quotes but what is written here. It runs as what nobody
/// waits for, and ends by itself, where the node has the programs for that.
pub fn digest_command(limit: Duration) -> String {
    let programs = format!("\"timeout {}\" \"nice -n 19\" \"ionice -c 3\"", limit.as_secs().max(1));
    format!(
        "exec /bin/sh -c 'set --; for with in {programs}; do \
         command -v ${{with%% *}} >/dev/null && set -- \"$@\" $with; done; exec \"$@\" xargs -0 sha256sum -b --'"
    )
}

impl Connection {
    /// The SHA-256 of the file, in hexadecimal digits.
    ///
    /// # Errors
    /// When the node has not said it within `limit`, or cannot.
    pub async fn sha256(&self, path: &[u8], limit: Duration) -> Result<String, DigestError> {
        timeout(limit, self.run_sha256sum(path, limit)).await.unwrap_or(Err(DigestError::TimedOut(limit)))
    }

    async fn run_sha256sum(&self, path: &[u8], limit: Duration) -> Result<String, DigestError> {
        if path.is_empty() || path.contains(&0) {
            return Err(DigestError::Failed("there is no file of this name".to_owned()));
        }
        let closed = |_: russh::Error| DigestError::Closed;
        let mut channel = self.session().await.map_err(closed)?;
        channel.exec(true, digest_command(limit)).await.map_err(closed)?;
        channel.data([path, b"\0"].concat().as_slice()).await.map_err(closed)?;
        channel.eof().await.map_err(closed)?;
        let (mut output, mut complaints, mut status) = (Vec::new(), Vec::new(), None);
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Failure) => return Err(DigestError::NotAllowed),
                Some(ChannelMsg::Data { data }) => keep(&mut output, &data),
                Some(ChannelMsg::ExtendedData { data, .. }) => keep(&mut complaints, &data),
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(exit_status),
                Some(ChannelMsg::Close) | None => break,
                Some(_) => {}
            }
        }
        match status {
            Some(0) => read(&output).ok_or(DigestError::NoDigest),
            // As `timeout` says it.
            Some(124) => Err(DigestError::TimedOut(limit)),
            Some(status) if complaints.is_empty() => Err(DigestError::Failed(format!("exit status {status}"))),
            Some(_) => Err(DigestError::Failed(printable(&complaints))),
            None => Err(DigestError::Closed),
        }
    }
}

fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_OUTPUT_BYTES - kept.len();
    kept.extend_from_slice(&more[..more.len().min(room)]);
}

/// The digits at the beginning; a backslash stands before them where the name behind them is written with some.
fn read(output: &[u8]) -> Option<String> {
    let line = output.strip_prefix(b"\\").unwrap_or(output);
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let is_digest = digits.iter().all(is_digit) && rest.starts_with(b" ");
    is_digest.then(|| String::from_utf8_lossy(digits).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_is_one() {
        let digest = "0f".repeat(32);
        for line in [format!("{digest} */a\n"), format!("\\{digest} */a\\nb\n")] {
            assert_eq!(read(line.as_bytes()), Some(digest.clone()));
        }
        for line in [String::new(), digest.clone(), "0F".repeat(32) + " *", format!(" {digest} *a"), "z".repeat(80)] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }
}
