//! One connection to an agent: a request, then its answer.

use std::io;
use std::os::fd::OwnedFd;

use quarterdeck_types::agent::{Answer, MAX_ANSWER_BYTES, PROTOCOL, Request};
use quarterdeck_types::wire::{self, LineReader};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::{Error, Start, start};

pub(super) struct Connection {
    socket: UnixStream,
    lines: LineReader,
}

impl Connection {
    /// Connects to the user's agent, starting it where it does not run, and exchanges greetings.
    pub(super) async fn open(start: &Start, user: &str) -> Result<Connection, Error> {
        let address = start.address(user).await?;
        let socket = start::connect(&address.socket).await?;
        let peer = socket.peer_cred().map_err(|error| Error::Unreachable(error.to_string()))?;
        if peer.uid() != address.uid {
            let found = peer.uid();
            return Err(Error::Protocol(format!("uid {found} answers on {}'s socket", user.escape_default())));
        }
        let mut connection = Connection { socket, lines: LineReader::default() };
        let greeting = connection.exchange(&Request::Hello { protocol: PROTOCOL }).await;
        match greeting.map_err(|error| Error::Unreachable(error.to_string()))? {
            (Answer::Hello(hello), None) if hello.protocol == PROTOCOL && hello.uid == address.uid => Ok(connection),
            (Answer::Error(error), _) => Err(Error::Answered(error)),
            _ => Err(Error::Protocol("the greeting is not one of this protocol".to_owned())),
        }
    }

    pub(super) async fn exchange(&mut self, request: &Request) -> io::Result<(Answer, Option<OwnedFd>)> {
        let line = wire::encode(request)?;
        let mut sent = 0;
        while sent < line.len() {
            let part = || wire::send_part(&self.socket, &line[sent..], None);
            sent += self.socket.async_io(Interest::WRITABLE, part).await?;
        }
        loop {
            if let Some(line) = self.lines.take() {
                let answer = line.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                return Ok((answer, line.descriptor));
            }
            let (socket, lines) = (&self.socket, &mut self.lines);
            let receive = || lines.receive_part(socket, MAX_ANSWER_BYTES);
            if !socket.async_io(Interest::READABLE, receive).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Nothing is waiting on an idle connection unless the other side closed it.
    pub(super) fn is_alive(&self) -> bool {
        let mut byte = [0u8; 1];
        matches!(self.socket.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}
