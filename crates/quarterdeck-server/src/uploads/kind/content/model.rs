//! Models of machine learning that are neither zip nor HDF5.

use quarterdeck_types::FileKind;

use super::source::{Source, u64_le};
use crate::uploads::kind::reason::Reason;

/// Of safetensors' JSON: its own limit.
const LONGEST_HEADER: u64 = 100_000_000;
/// Fields of an ONNX model that are looked at.
const MOST_FIELDS: usize = 64;

pub(super) fn recognise(source: &Source) -> Option<(FileKind, Reason)> {
    let head = source.head();
    let model = |format| Some((FileKind::Model, Reason::format(format)));
    // https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    if head.starts_with(b"GGUF") {
        return model("GGUF");
    }
    // The identifier of FlatBuffers; TensorFlow's schema.fbs.
    if head.get(4..8) == Some(b"TFL3") {
        return model("TensorFlow Lite");
    }
    if is_safetensors(source) {
        return model("safetensors");
    }
    if is_onnx(source) { model("ONNX") } else { None }
}

/// The header's length, and the header, which is JSON. https://github.com/huggingface/safetensors#format
fn is_safetensors(source: &Source) -> bool {
    let head = source.head();
    let Some(length) = u64_le(head, 0) else { return false };
    let fits = (2..=LONGEST_HEADER).contains(&length) && length <= source.size().saturating_sub(8);
    let json = source.head_from(8);
    let json = &json[..json.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
    let has = |word: &[u8]| json.windows(word.len()).any(|window| window == word);
    fits && json.starts_with(b"{") && (has(b"\"data_offsets\"") || has(b"\"__metadata__\"") || json == b"{}")
}

/// A `ModelProto` of Protocol Buffers: its version first, and among its fields a graph or its sets of operators.
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
fn is_onnx(source: &Source) -> bool {
    const VARINT: u64 = 0;
    const BYTES: u64 = 2;
    const GRAPH: u64 = 7;
    const OPERATORS: u64 = 8;
    let head = source.head();
    // `ir_version` is field 1 and small: newer ones have to be told here in some years.
    if head.first() != Some(&0x08) || !head.get(1).is_some_and(|version| (1..=40).contains(version)) {
        return false;
    }
    let (mut at, mut graph, mut operators) = (2_u64, false, false);
    for _ in 0..MOST_FIELDS {
        if at >= source.size() {
            break;
        }
        // A long graph leads out of the head: what is behind it is read where it is.
        let bytes = source.at(at, 24);
        let Some((key, read)) = varint(&bytes) else { return false };
        let rest = &bytes[read..];
        at += read as u64;
        let (field, wire) = (key >> 3, key & 7);
        match (field, wire) {
            (2..=4 | 6 | GRAPH | OPERATORS | 14 | 20 | 25 | 26, BYTES) => {
                let Some((length, read)) = varint(rest) else { return false };
                let Some(end) = at.checked_add(read as u64).and_then(|at| at.checked_add(length)) else { return false };
                if end > source.size() {
                    return false;
                }
                graph |= field == GRAPH && length > 0;
                operators |= field == OPERATORS;
                at = end;
            }
            (1 | 5, VARINT) => {
                let Some((_, read)) = varint(rest) else { return false };
                at += read as u64;
            }
            _ => return false,
        }
    }
    graph && operators
}

/// A number and how many bytes it took.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (i, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            return Some((number, i + 1));
        }
    }
    None
}
