//! What JSON holds: settings or records. It is scanned and not parsed, since its head is all there may be.

use quarterdeck_types::FileKind;

use crate::uploads::kind::reason::Reason;

const DEEPEST: usize = 128;
const MOST_KEYS: usize = 256;
/// A list with so many things in it is data, whatever is said of it beside.
const MANY: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Object,
    Array,
    Text,
    Other,
}

#[derive(Default)]
struct Outline {
    is_array: bool,
    /// Of the outermost object, with the beginning of a text that belongs to it.
    keys: Vec<(String, Option<Value>, String)>,
    /// Commas in the longest list right beneath.
    longest: usize,
    /// Another value stands behind the first.
    goes_on: bool,
}

/// `None` for what is no JSON.
pub(super) fn recognise(text: &[u8], whole: bool) -> Option<(FileKind, Reason)> {
    let outline = outline(text, whole)?;
    if outline.goes_on {
        return Some((FileKind::Data, Reason::JsonLines));
    }
    if outline.is_array {
        return Some((FileKind::Data, Reason::JsonRecords));
    }
    let has = |key: &str| outline.keys.iter().any(|(name, ..)| name == key);
    let cells = || text.windows(11).any(|window| window == b"\"cell_type\"");
    // https://nbformat.readthedocs.io
    if has("nbformat") || (has("cells") && cells()) {
        return Some((FileKind::Script, Reason::format("Jupyter")));
    }
    // RFC 7946
    let type_of = outline.keys.iter().find(|(name, ..)| name == "type").map(|(.., text)| text.as_str());
    if matches!(type_of, Some("FeatureCollection" | "Feature" | "GeometryCollection" | "Topology")) {
        return Some((FileKind::Data, Reason::format("GeoJSON")));
    }
    // XGBoost's `save_model`
    if has("learner") && has("version") && outline.keys.len() == 2 {
        return Some((FileKind::Model, Reason::format("XGBoost")));
    }
    let has_asset = outline.keys.iter().any(|(name, value, _)| name == "asset" && *value == Some(Value::Object));
    if has_asset && (has("meshes") || has("scenes")) {
        return Some((FileKind::Mesh, Reason::format("glTF")));
    }
    let columns = outline.keys.len() > 1 && outline.keys.iter().all(|(_, value, _)| *value == Some(Value::Array));
    if outline.longest >= MANY || columns {
        return Some((FileKind::Data, Reason::JsonRecords));
    }
    Some((FileKind::Config, Reason::JsonSettings))
}

fn outline(text: &[u8], whole: bool) -> Option<Outline> {
    let mut outline = Outline::default();
    let mut open: Vec<u8> = Vec::new();
    let (mut at, mut expects_key, mut commas, mut any) = (0, false, 0, false);
    while let Some(byte) = text.get(at) {
        at += 1;
        if open.is_empty() && any && !byte.is_ascii_whitespace() {
            outline.goes_on = matches!(byte, b'{' | b'[');
            return outline.goes_on.then_some(outline);
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' | b'[' => {
                if expects_key || open.len() >= DEEPEST {
                    return None;
                }
                outline.value(open.len(), if *byte == b'{' { Value::Object } else { Value::Array }, b"");
                if open.is_empty() {
                    outline.is_array = *byte == b'[';
                    any = true;
                }
                if open.len() == 1 {
                    commas = 0;
                }
                open.push(*byte);
                expects_key = *byte == b'{';
            }
            b'}' | b']' => {
                let opened = open.pop()?;
                if (opened == b'{') != (*byte == b'}') {
                    return None;
                }
                expects_key = false;
            }
            b',' => {
                expects_key = open.last()? == &b'{';
                commas += usize::from(open.len() == 2 && !expects_key);
                outline.longest = outline.longest.max(commas);
            }
            b':' => {
                if open.last()? != &b'{' {
                    return None;
                }
                expects_key = false;
            }
            b'"' => {
                open.last()?;
                let Some(length) = string(&text[at..]) else { break };
                let content = &text[at..at + length];
                at += length + 1;
                match (expects_key, open.len()) {
                    (true, 1) if outline.keys.len() < MOST_KEYS => {
                        outline.keys.push((beginning(content), None, String::new()));
                    }
                    (true, _) => {}
                    (false, depth) => outline.value(depth, Value::Text, content),
                }
            }
            _ => {
                open.last()?;
                let rest = &text[at - 1..];
                let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
                let is_word =
                    matches!(&rest[..length], b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity");
                let is_number = byte.is_ascii_digit() || *byte == b'-';
                let is_cut = !whole && length == rest.len();
                if expects_key || !(is_word || is_number || is_cut) {
                    return None;
                }
                outline.value(open.len(), Value::Other, b"");
                at += length.saturating_sub(1);
            }
        }
    }
    // What breaks off within the head is no JSON; what breaks off with it may be.
    (any && (open.is_empty() || !whole)).then_some(outline)
}

impl Outline {
    fn value(&mut self, depth: usize, value: Value, text: &[u8]) {
        if depth == 1
            && let Some((_, of @ None, said)) = self.keys.last_mut()
        {
            *of = Some(value);
            *said = beginning(text);
        }
    }
}

/// Bytes up to the quote at its end; `None` where the text ends before.
fn string(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn beginning(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(64)]).into_owned()
}
