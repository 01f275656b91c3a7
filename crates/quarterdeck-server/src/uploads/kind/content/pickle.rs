//! Python's pickles: programs of a small machine whose instructions may call anything.
//! https://github.com/python/cpython/blob/main/Lib/pickletools.py lists them all.

use quarterdeck_types::FileKind;

use super::Recognised;
use super::source::{u32_le, u64_le};
use crate::uploads::kind::Risk;
use crate::uploads::kind::reason::Reason;

/// Instructions that must make sense behind a protocol's number, which other binary formats may begin with too.
const ENOUGH: usize = 4;
/// PyTorch began its files with this number as a pickle of its own, before it took to zip.
const TORCH: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// Of a program that goes on behind the head, so many must make sense.
const ENOUGH_OF_LONG: usize = 8;

pub(super) fn recognise(head: &[u8]) -> Recognised {
    let of = |kind| Some((kind, vec![Risk::Pickles]));
    match head {
        [0x80, 2..=5, rest @ ..] => {
            if rest.starts_with(TORCH) {
                return of(Some((FileKind::Model, Reason::format("PyTorch"))));
            }
            let (steps, ended) = run(rest, ENOUGH);
            // What it holds the name knows: a model, or anything.
            (steps >= ENOUGH || ended.is_some()).then_some((None, vec![Risk::Pickles]))
        }
        // Older ones are text, and begin with nothing of their own. Those that call something are told by it.
        _ => matches!(run(head, usize::MAX), (_, Some(End { calls: true }))).then_some((None, vec![Risk::Pickles])),
    }
}

struct End {
    /// Something of a module is asked for.
    calls: bool,
}

/// Follows instructions without doing them: how many made sense, and whether they came to an end with one value left,
/// or to that of the head.
fn run(program: &[u8], most: usize) -> (usize, Option<End>) {
    // Heights of the stack at each mark, and above the last one.
    let (mut marks, mut height): (Vec<usize>, usize) = (Vec::new(), 0);
    let (mut at, mut steps, mut calls) = (0, 0, false);
    while steps < most {
        let Some(code) = program.get(at) else { break };
        let rest = &program[at + 1..];
        let Some(length) = argument(*code, rest) else { return (steps, None) };
        // (taken, put), with `None` for all above the last mark.
        let (taken, put) = match code {
            b'.' => return (steps, (height == 1 && marks.is_empty()).then_some(End { calls })),
            b'(' => {
                marks.push(std::mem::take(&mut height));
                (Some(0), 0)
            }
            b'l' | b't' | b'd' | b'i' | b'o' | 0x91 => (None, 1),
            b'1' | b'e' | b'u' | 0x90 => (None, 0),
            b'0' => (Some(1), 0),
            b'2' => (Some(1), 2),
            b'a' => (Some(2), 1),
            b's' => (Some(3), 1),
            b'R' | b'b' | 0x81 | 0x93 => (Some(2), 1),
            0x92 => (Some(3), 1),
            0x85 | b'Q' | 0x98 => (Some(1), 1),
            0x86 => (Some(2), 1),
            0x87 => (Some(3), 1),
            // Memo and frame leave the stack alone.
            b'p' | b'q' | b'r' | 0x94 | 0x95 | 0x80 => (Some(0), 0),
            _ => (Some(0), 1),
        };
        calls |= matches!(code, b'c' | b'i' | b'o' | 0x93 | 0x81 | 0x92 | 0x82..=0x84);
        match taken {
            Some(taken) if taken <= height => height = height - taken + put,
            None if !marks.is_empty() => {
                height = marks.pop().unwrap_or_default() + put;
                // The list or dictionary that is added to lies beneath the mark.
                if matches!(code, b'e' | b'u' | 0x90) && height == 0 {
                    return (steps, None);
                }
            }
            _ => return (steps, None),
        }
        at += 1 + length;
        steps += 1;
    }
    (steps, (at >= program.len() && steps >= ENOUGH_OF_LONG).then_some(End { calls }))
}

/// Bytes of an instruction's argument, or `None` for what is no instruction. One that goes on behind the head is as long
/// as it says.
fn argument(code: u8, rest: &[u8]) -> Option<usize> {
    let line = |rest: &[u8]| rest.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
    let counted = |bytes: usize, length: Option<u64>| {
        Some(bytes.saturating_add(usize::try_from(length?).unwrap_or(usize::MAX / 2).min(usize::MAX / 2)))
    };
    let byte = || rest.first().map(|length| u64::from(*length));
    match code {
        b'(' | b'.' | b'0' | b'1' | b'2' | b'N' | b'R' | b'a' | b'b' | b'd' | b'}' | b'e' | b'l' | b']' | b'o'
        | b's' | b't' | b')' | b'u' | b'Q' => Some(0),
        0x81 | 0x85..=0x89 | 0x8f..=0x94 | 0x97 | 0x98 => Some(0),
        b'K' | b'h' | b'q' | 0x80 | 0x82 => Some(1),
        b'M' | 0x83 => Some(2),
        b'J' | b'j' | b'r' | 0x84 => Some(4),
        b'G' | 0x95 => Some(8),
        b'F' | b'I' | b'L' => line(rest).filter(|end| is_number(&rest[..*end])),
        b'g' | b'p' => line(rest).filter(|end| rest[..end - 1].iter().all(u8::is_ascii_digit) && *end > 1),
        b'P' | b'S' | b'V' => line(rest),
        b'c' | b'i' => {
            let module = line(rest).filter(|end| is_name(&rest[..end - 1]))?;
            let name = line(&rest[module..]).filter(|end| is_name(&rest[module..module + end - 1]))?;
            Some(module + name)
        }
        b'U' | b'C' | 0x8a | 0x8c => counted(1, byte()),
        b'T' | b'X' | b'B' | 0x8b => counted(4, u32_le(rest, 0).map(u64::from)),
        0x8d | 0x8e | 0x96 => counted(8, u64_le(rest, 0)),
        _ => None,
    }
}

fn is_number(line: &[u8]) -> bool {
    let digits = line.trim_ascii();
    !digits.is_empty() && digits.iter().all(|b| b.is_ascii_digit() || b"+-.eLinfa".contains(b))
}

/// Of a module, or of something in it.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.' || *b >= 0x80)
}
