//! One JSON line on a Unix socket, and at most one descriptor with it.
//!
//! The descriptor rides on the line's first byte (`SCM_RIGHTS`), so it is there before the line's end is. A peer that
//! sends more than one, or sends a line longer than allowed, is broken or hostile: the connection is to be dropped.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::{Serialize, de::DeserializeOwned};

const CHUNK: usize = 8 << 10;

/// A message as bytes: its JSON and the newline that ends it.
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Sends as much of `bytes` as the socket takes, with `descriptor` on the first of them; returns how much went.
/// One system call, so that it fits blocking and non-blocking callers; send the descriptor with the first part only.
pub fn send_part(socket: impl AsFd, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

/// Sends a whole message on a blocking socket.
pub fn send<T: Serialize>(socket: impl AsFd, message: &T, descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let line = encode(message)?;
    let mut sent = 0;
    while sent < line.len() {
        let riding = if sent == 0 { descriptor } else { None };
        sent += retry(|| send_part(socket.as_fd(), &line[sent..], riding))?;
    }
    Ok(())
}

/// Collects one side's lines. Keeps what came behind a line's end for the next.
#[derive(Default)]
pub struct LineReader {
    buffer: Vec<u8>,
    scanned: usize,
    descriptor: Option<OwnedFd>,
}

/// A message as it came: the line without its newline, and the descriptor that rode along.
pub struct Line {
    pub bytes: Vec<u8>,
    pub descriptor: Option<OwnedFd>,
}

impl Line {
    pub fn parse<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.bytes)?)
    }
}

impl LineReader {
    /// The next whole line, if it has arrived already.
    pub fn take(&mut self) -> Option<Line> {
        let end = self.buffer[self.scanned..].iter().position(|b| *b == b'\n').map(|at| at + self.scanned);
        let Some(end) = end else {
            self.scanned = self.buffer.len();
            return None;
        };
        let rest = self.buffer.split_off(end + 1);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.pop();
        self.scanned = 0;
        Some(Line { bytes, descriptor: self.descriptor.take() })
    }

    /// Receives once: one system call, so that it fits blocking and non-blocking callers. `false`: the peer closed.
    ///
    /// # Errors
    /// `InvalidData` for a line above `limit` bytes, or more than one descriptor.
    pub fn receive_part(&mut self, socket: impl AsFd, limit: usize) -> io::Result<bool> {
        let broken = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut chunk = [0u8; CHUNK];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(socket, &mut [IoSliceMut::new(&mut chunk)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                for descriptor in descriptors {
                    if self.descriptor.replace(descriptor).is_some() {
                        return Err(broken("more than one descriptor"));
                    }
                }
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(broken("more descriptors than fit"));
        }
        if received.bytes == 0 {
            return Ok(false);
        }
        self.buffer.extend_from_slice(&chunk[..received.bytes]);
        if self.buffer.len() > limit {
            return Err(broken("the line is too long"));
        }
        Ok(true)
    }

    /// The next line from a blocking socket; `None` when the peer closed between two lines.
    pub fn receive(&mut self, socket: impl AsFd, limit: usize) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if !retry(|| self.receive_part(socket.as_fd(), limit))? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_line_arrives_with_its_descriptor() {
        let (server, agent) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"hello").unwrap();
        send(&agent, &"first", Some(file.as_fd())).unwrap();
        send(&agent, &"second", None).unwrap();

        let mut reader = LineReader::default();
        let first = reader.receive(&server, 100).unwrap().unwrap();
        assert_eq!(first.parse::<String>().unwrap(), "first");
        let mut opened = std::fs::File::from(first.descriptor.unwrap());
        opened.rewind().unwrap();
        let mut text = String::new();
        opened.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");

        let second = reader.receive(&server, 100).unwrap().unwrap();
        assert_eq!(second.parse::<String>().unwrap(), "second");
        assert!(second.descriptor.is_none());
        drop(agent);
        assert!(reader.receive(&server, 100).unwrap().is_none());
    }

    #[test]
    fn a_line_above_the_limit_ends_the_connection() {
        let (server, agent) = UnixStream::pair().unwrap();
        send(&agent, &"x".repeat(500), None).unwrap();
        let error = LineReader::default().receive(&server, 100).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn two_descriptors_end_the_connection() {
        let (server, agent) = UnixStream::pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        send_part(&agent, b"\"", Some(file.as_fd())).unwrap();
        send_part(&agent, b"\"\n", Some(file.as_fd())).unwrap();
        let error = LineReader::default().receive(&server, 100).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
