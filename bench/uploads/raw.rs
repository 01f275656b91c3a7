//! A client that costs as little as it can: HTTP/1.1 by hand, one thread and one connection a stream, always the same
//! bytes. What it takes from the two cores it takes from every server alike.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Handed to the kernel at once.
const PIECE: usize = 1 << 20;

pub struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    piece: Vec<u8>,
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or_else(|| panic!("no {name} in an answer {}", self.status), |(_, value)| value)
    }

    pub fn number(&self, name: &str) -> u64 {
        self.header(name).parse().unwrap()
    }
}

impl Connection {
    pub fn to(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { address, stream: BufReader::new(stream), piece: vec![0x5a; PIECE] }
    }

    /// One request with a body of so many bytes.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], length: u64) -> Answer {
        self.begin(method, path, headers, length);
        self.send(length);
        self.answer(method)
    }

    /// A request's head; its body is to follow.
    pub fn begin(&mut self, method: &str, path: &str, headers: &[(&str, &str)], length: u64) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n", self.address);
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        head += "\r\n";
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
    }

    /// So many bytes of the same.
    pub fn send(&mut self, length: u64) {
        let mut rest = length;
        while rest > 0 {
            let count = rest.min(PIECE as u64) as usize;
            self.stream.get_mut().write_all(&self.piece[..count]).unwrap();
            rest -= count as u64;
        }
    }

    pub fn answer(&mut self, method: &str) -> Answer {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).expect("a status line").parse().unwrap();
        let headers: Vec<_> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        let answer = Answer { status, headers };
        let has_body =
            method != "HEAD" && answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        if has_body {
            let length = answer.number("content-length");
            std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink()).unwrap();
        }
        answer
    }
}
