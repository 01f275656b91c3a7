//! DSSE envelopes (github.com/secure-systems-lab/dsse), signed with an ed25519 key.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{KeysError, Signed, Verdict, bad};

const PAYLOAD_TYPE: &str = "application/vnd.sylabs.sif-metadata+json";
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// What precedes the 32 bytes of an ed25519 key in its DER form (RFC 8410).
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// `None` where `bytes` are no public key in PEM.
pub(super) fn pem(bytes: &[u8]) -> Option<Result<VerifyingKey, KeysError>> {
    let text = std::str::from_utf8(bytes).ok()?.split_once(BEGIN)?.1.split_once(END)?.0;
    let text: String = text.split_whitespace().collect();
    let key = STANDARD.decode(text).ok().and_then(|der| {
        let key: [u8; 32] = der.strip_prefix(&DER_PREFIX)?.try_into().ok()?;
        VerifyingKey::from_bytes(&key).ok()
    });
    Some(key.ok_or(KeysError::NotEd25519))
}

/// The envelope's content, if one of its signatures was made with one of these keys.
pub(super) fn open(bytes: &[u8], keys: &[VerifyingKey]) -> Result<Signed, Verdict> {
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|error| bad(format!("it is no DSSE envelope: {error}")))?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(bad("it signs something of another type"));
    }
    let payload = STANDARD.decode(&envelope.payload).map_err(|error| bad(format!("its content: {error}")))?;
    let mut message = format!("DSSEv1 {} {} {} ", PAYLOAD_TYPE.len(), PAYLOAD_TYPE, payload.len()).into_bytes();
    message.extend_from_slice(&payload);

    let mut verdict = Verdict::UnknownKey;
    for signature in &envelope.signatures {
        for key in keys {
            let id = key_id(key);
            // The id is a hint: without one, every key is tried.
            if !signature.keyid.is_empty() && signature.keyid != id {
                continue;
            }
            let raw = STANDARD.decode(&signature.sig).ok().and_then(|raw| Signature::from_slice(&raw).ok());
            if raw.is_some_and(|raw| key.verify_strict(&message, &raw).is_ok()) {
                return Ok(Signed { signer: id, payload });
            }
            if !signature.keyid.is_empty() {
                verdict = bad("it was not made with the key that it names");
            }
        }
    }
    Err(verdict)
}

/// The key's fingerprint as OpenSSH prints it, which is how envelopes name it.
fn key_id(key: &VerifyingKey) -> String {
    const KIND: &[u8] = b"ssh-ed25519";
    let mut wire = Vec::new();
    for part in [KIND, key.as_bytes().as_slice()] {
        wire.extend_from_slice(&(part.len() as u32).to_be_bytes());
        wire.extend_from_slice(part);
    }
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(wire)))
}
