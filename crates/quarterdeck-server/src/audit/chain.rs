//! What holds the chain together: the code of an event, and the seal that puts the event in its place behind another.
//! Whoever lacks the key can make neither.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use super::store::events;

/// What the first seal names as the one before it.
pub(super) const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The audit's key, ready for use.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    pub(super) fn new(secret: &[u8]) -> anyhow::Result<Key> {
        Ok(Key(Hmac::new_from_slice(secret)?))
    }

    /// The code of an event: over everything in its row but the code itself.
    pub(super) fn event(&self, event: &events::Model) -> String {
        let mut code = self.begin("event");
        encode(&mut |bytes| code.update(bytes), event);
        hex(code)
    }

    /// The code of the seal that puts this event at this place.
    pub(super) fn seal(&self, seq: i64, event: Uuid, event_mac: &str, previous: &str) -> String {
        self.over("seal", &[&seq.to_be_bytes(), event.as_bytes(), event_mac.as_bytes(), previous.as_bytes()])
    }

    /// A code over anything else; `purpose` keeps one thing's from being taken for another's.
    pub(super) fn over(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let mut code = self.begin(purpose);
        for part in parts {
            put(&mut |bytes| code.update(bytes), part);
        }
        hex(code)
    }

    fn begin(&self, purpose: &str) -> Hmac<Sha256> {
        let mut code = self.0.clone();
        put(&mut |bytes| code.update(bytes), b"quarterdeck audit 1");
        put(&mut |bytes| code.update(bytes), purpose.as_bytes());
        code
    }
}

/// Numbers with a fraction are kept as text: parsers and databases round them, each in its own way. NUL is not kept,
/// since PostgreSQL takes none.
pub(super) fn storable(value: Value) -> Value {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => Value::String(number.to_string()),
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(storable).collect()),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (without_nul(key), storable(value))).collect())
        }
        other => other,
    }
}

pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Writes an event so that no two events are written alike: each part with its length before it, what may be absent
/// with a byte that says so.
fn encode(out: &mut impl FnMut(&[u8]), event: &events::Model) {
    // All fields by name: who adds one to the table has to decide here.
    let events::Model {
        id,
        at_us,
        actor_id,
        actor,
        unix_user,
        session_id,
        key_id,
        address,
        request_id,
        action,
        object,
        job_id,
        result,
        intent_id,
        detail,
        mac: _,
    } = event;
    put(out, id.as_bytes());
    put(out, &at_us.to_be_bytes());
    for id in [actor_id, session_id, key_id, intent_id] {
        put_optional(out, id.as_ref().map(|id| id.as_bytes().as_slice()));
    }
    for text in [actor, address, request_id, action, object, result] {
        put(out, text.as_bytes());
    }
    for text in [unix_user, job_id] {
        put_optional(out, text.as_deref().map(str::as_bytes));
    }
    put_value(out, detail);
}

/// JSON whose objects are sorted by key, since databases and parsers may change the order.
fn put_value(out: &mut impl FnMut(&[u8]), value: &Value) {
    match value {
        Value::Null => out(b"n"),
        Value::Bool(true) => out(b"t"),
        Value::Bool(false) => out(b"f"),
        Value::Number(number) => {
            out(b"d");
            put(out, number.to_string().as_bytes());
        }
        Value::String(text) => {
            out(b"s");
            put(out, text.as_bytes());
        }
        Value::Array(items) => {
            out(b"a");
            out(&(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| put_value(out, item));
        }
        Value::Object(entries) => {
            let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out(b"o");
            out(&(sorted.len() as u64).to_be_bytes());
            for (key, value) in sorted {
                put(out, key.as_bytes());
                put_value(out, value);
            }
        }
    }
}

fn put_optional(out: &mut impl FnMut(&[u8]), bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            out(&[1]);
            put(out, bytes);
        }
        None => out(&[0]),
    }
}

fn put(out: &mut impl FnMut(&[u8]), bytes: &[u8]) {
    out(&(bytes.len() as u64).to_be_bytes());
    out(bytes);
}

fn hex(code: Hmac<Sha256>) -> String {
    quarterdeck_types::hex(&code.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// An event can be read back from what its code is made over: so no two events are encoded alike.
    #[test]
    fn an_event_can_be_read_back_from_its_encoding() {
        proptest!(|(event in event())| {
            let mut bytes = Vec::new();
            encode(&mut |part| bytes.extend_from_slice(part), &event);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(decode(&mut rest), event);
            prop_assert!(rest.is_empty());
        });
    }

    #[test]
    fn what_databases_change_does_not_change_the_code() {
        let code = |text: &str| {
            let detail = storable(serde_json::from_str(text).unwrap());
            Key::new(b"a key").unwrap().event(&events::Model { detail, ..decode(&mut [0_u8; 4096].as_slice()) })
        };
        assert_eq!(code(r#"{"a":1,"b":[2,{"c":3,"d":4}]}"#), code(r#"{ "b" : [2, {"d":4,"c":3}], "a" : 1 }"#));
        assert_ne!(code(r#"{"a":1}"#), code(r#"{"a":"1"}"#));
        assert_ne!(code(r#"{"a":1}"#), code(r#"{"a":1.0}"#));
        assert_ne!(code(r#"[1,[2]]"#), code(r#"[[1],2]"#));
    }

    fn event() -> impl Strategy<Value = events::Model> {
        let id = || any::<u128>().prop_map(Uuid::from_u128);
        let ids = vec(prop::option::of(id()), 4);
        let texts = (vec(any::<String>(), 6), vec(prop::option::of(any::<String>()), 2));
        (id(), any::<i64>(), ids, texts, value()).prop_map(|(id, at_us, ids, (texts, maybe), detail)| events::Model {
            id,
            at_us,
            actor_id: ids[0],
            session_id: ids[1],
            key_id: ids[2],
            intent_id: ids[3],
            actor: texts[0].clone(),
            address: texts[1].clone(),
            request_id: texts[2].clone(),
            action: texts[3].clone(),
            object: texts[4].clone(),
            result: texts[5].clone(),
            unix_user: maybe[0].clone(),
            job_id: maybe[1].clone(),
            detail,
            mac: None,
        })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((any::<String>(), inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn decode(bytes: &mut &[u8]) -> events::Model {
        let id = Uuid::from_slice(&part(bytes)).unwrap_or_default();
        let at_us = i64::from_be_bytes(part(bytes).try_into().unwrap_or_default());
        let mut ids = std::iter::repeat_with(|| optional(bytes)).take(4).collect::<Vec<_>>().into_iter();
        let mut id_of = || ids.next().unwrap().map(|id| Uuid::from_slice(&id).unwrap());
        let (actor_id, session_id, key_id, intent_id) = (id_of(), id_of(), id_of(), id_of());
        let mut text = || String::from_utf8(part(bytes)).unwrap();
        let (actor, address, request_id) = (text(), text(), text());
        let (action, object, result) = (text(), text(), text());
        let mut maybe = || optional(bytes).map(|text| String::from_utf8(text).unwrap());
        let (unix_user, job_id) = (maybe(), maybe());
        events::Model {
            id,
            at_us,
            actor_id,
            actor,
            unix_user,
            session_id,
            key_id,
            address,
            request_id,
            action,
            object,
            job_id,
            result,
            intent_id,
            detail: decode_value(bytes),
            mac: None,
        }
    }

    fn decode_value(bytes: &mut &[u8]) -> Value {
        match take(bytes, 1)[0] {
            b't' => true.into(),
            b'f' => false.into(),
            b'd' => serde_json::from_slice(&part(bytes)).unwrap(),
            b's' => String::from_utf8(part(bytes)).unwrap().into(),
            b'a' => {
                let length = number(bytes);
                (0..length).map(|_| decode_value(bytes)).collect()
            }
            b'o' => {
                let length = number(bytes);
                let entry = |_| (String::from_utf8(part(bytes)).unwrap(), decode_value(bytes));
                Value::Object((0..length).map(entry).collect())
            }
            _ => Value::Null,
        }
    }

    fn optional(bytes: &mut &[u8]) -> Option<Vec<u8>> {
        (take(bytes, 1)[0] == 1).then(|| part(bytes))
    }

    fn part(bytes: &mut &[u8]) -> Vec<u8> {
        let length = number(bytes);
        take(bytes, length as usize).to_vec()
    }

    fn number(bytes: &mut &[u8]) -> u64 {
        u64::from_be_bytes(take(bytes, 8).try_into().unwrap())
    }

    fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(length);
        *bytes = rest;
        taken
    }
}
