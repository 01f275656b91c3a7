//! Whether an image's signatures hold: made with a key that the caller trusts, over what is in the image now.
//!
//! A signature signs a list of digests ([`integrity`]), either as an OpenPGP clear-signed text ([`pgp`]) or in a DSSE
//! envelope ([`dsse`]). Nothing of the image is hashed for the sake of a signature that does not hold by itself.

mod dsse;
mod integrity;
mod pgp;

use ::pgp::composed::SignedPublicKey;
use ed25519_dalek::VerifyingKey;

use crate::descriptor::{self, DataType, Descriptor, Link};
use crate::image::{self, Signature};
use crate::source::{ReadAt, Source};
use crate::{Error, header};
use integrity::{Integrity, Mismatch};

/// Of a signature object. Usual ones have two thousand.
const MAX_SIGNATURE_BYTES: u64 = 256 << 10;
/// Of one image. More are listed and not checked.
const MAX_SIGNATURES: usize = 32;
/// What begins the text that Singularity before 3.6 signed.
const LEGACY: &[u8] = b"SIFHASH:";

/// Public keys whose signatures are believed.
#[derive(Clone, Default)]
pub struct Keys {
    pgp: Vec<SignedPublicKey>,
    ed25519: Vec<VerifyingKey>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("this is neither an OpenPGP public key nor an ed25519 one in PEM: export it with \"apptainer key export\"")]
    Unknown,
    #[error("the OpenPGP key cannot be read: {0}")]
    Pgp(String),
    #[error("the public key in PEM is not an ed25519 key: only those and OpenPGP keys are known")]
    NotEd25519,
}

/// A signature of an image, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub signature: Signature,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Made by `signer` over `objects`, the ids of data objects, which are as they were then. What is not among them
    /// is not signed.
    Verified { signer: String, objects: Vec<u32> },
    /// Made with a key that is not among those given: nothing can be said.
    UnknownKey,
    /// It does not hold: the image must not be trusted.
    Bad { why: String },
    /// Of a kind that is not checked here.
    NotChecked { why: &'static str },
}

impl Keys {
    /// OpenPGP public keys, armored or not, or one ed25519 public key in PEM.
    pub fn parse(bytes: &[u8]) -> Result<Keys, KeysError> {
        if let Some(pem) = dsse::pem(bytes) {
            return Ok(Keys { pgp: Vec::new(), ed25519: vec![pem?] });
        }
        Ok(Keys { pgp: pgp::keys(bytes)?, ed25519: Vec::new() })
    }

    pub fn is_empty(&self) -> bool {
        self.pgp.is_empty() && self.ed25519.is_empty()
    }

    pub fn extend(&mut self, more: Keys) {
        self.pgp.extend(more.pgp);
        self.ed25519.extend(more.ed25519);
    }
}

impl Verdict {
    /// One word for it: `verified`, `unknown key`, `bad`, `not checked`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Verified { .. } => "verified",
            Verdict::UnknownKey => "unknown key",
            Verdict::Bad { .. } => "bad",
            Verdict::NotChecked { .. } => "not checked",
        }
    }

    fn objects(&self) -> &[u32] {
        if let Verdict::Verified { objects, .. } = self { objects } else { &[] }
    }
}

/// What an image's signatures come to, all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Whatever a container is started from is as it was when somebody signed it whose key is among those given.
    Verified,
    /// The same, but for a part that nobody signed: a file system that was added later, for example.
    Partly,
    UnknownKey,
    Bad,
    NotChecked,
}

impl Standing {
    /// `None`: the image has no signature.
    pub fn of(descriptors: &[Descriptor], checked: &[Checked]) -> Option<Standing> {
        if checked.is_empty() {
            return None;
        }
        let is_any = |wanted: fn(&Verdict) -> bool| checked.iter().any(|checked| wanted(&checked.verdict));
        let covered: Vec<u32> = checked.iter().flat_map(|checked| checked.verdict.objects()).copied().collect();
        Some(match () {
            () if is_any(|verdict| matches!(verdict, Verdict::Bad { .. })) => Standing::Bad,
            () if covered.is_empty() && is_any(|verdict| *verdict == Verdict::UnknownKey) => Standing::UnknownKey,
            () if covered.is_empty() => Standing::NotChecked,
            () if covers(descriptors, &covered) => Standing::Verified,
            () => Standing::Partly,
        })
    }
}

/// Whether all that a container is started from is among `covered`. Of two objects with one id, nobody can tell which
/// was signed.
fn covers(descriptors: &[Descriptor], covered: &[u32]) -> bool {
    let is_run = |object: &&Descriptor| {
        matches!(object.data_type, DataType::Partition | DataType::OciRootIndex | DataType::OciBlob)
    };
    let is_one = |id: u32| descriptors.iter().filter(|object| object.id == id).count() == 1;
    descriptors.iter().filter(is_run).all(|object| covered.contains(&object.id) && is_one(object.id))
}

/// What a signature says once it holds by itself.
struct Signed {
    signer: String,
    payload: Vec<u8>,
}

/// Checks every signature of the image, in its order; there are none in what is not SIF. Where one holds by itself, the
/// data that it signs is read and hashed: mostly the whole file, once.
///
/// # Errors
/// As [`crate::read`].
pub fn verify<R: ReadAt + ?Sized>(reader: &R, keys: &Keys) -> Result<Vec<Checked>, Error> {
    let source = Source::open(reader)?;
    if !header::is_sif(&source) {
        return Ok(Vec::new());
    }
    let header = header::read(&source)?;
    let mut records = Vec::new();
    descriptor::each(&source, &header, |record| {
        records.push((descriptor::parse(record)?, record.to_vec()));
        Ok(())
    })?;
    let mut integrity = Integrity::new(&source, &records);
    let mut checked = Vec::new();
    for (object, _) in records.iter().filter(|(object, _)| object.data_type == DataType::Signature) {
        let Some(signature) = image::signature(object) else { continue };
        let verdict = if checked.len() < MAX_SIGNATURES {
            check(&source, &mut integrity, object, &signature, keys)?
        } else {
            Verdict::NotChecked { why: "the image has more than 32 signatures" }
        };
        checked.push(Checked { signature, verdict });
    }
    Ok(checked)
}

fn check<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    integrity: &mut Integrity<'_, R>,
    object: &Descriptor,
    signature: &Signature,
    keys: &Keys,
) -> Result<Verdict, Error> {
    let bytes = match source.bytes("signature", object.offset, object.size, MAX_SIGNATURE_BYTES) {
        Ok(bytes) => bytes,
        Err(Error::Io(error)) => return Err(Error::Io(error)),
        Err(error) => return Ok(Verdict::Bad { why: error.to_string() }),
    };
    let signed = match &signature.fingerprint {
        Some(fingerprint) => pgp::open(&bytes, fingerprint, &keys.pgp),
        None => dsse::open(&bytes, &keys.ed25519),
    };
    let signed = match signed {
        Ok(signed) => signed,
        Err(verdict) => return Ok(verdict),
    };
    let Some(Link::Group(group)) = object.link else {
        return Ok(bad("it signs no group of data objects"));
    };
    Ok(match integrity.compare(&signed.payload, group) {
        Ok(objects) => Verdict::Verified { signer: signed.signer, objects },
        Err(Mismatch::Io(error)) => return Err(Error::Io(error)),
        Err(Mismatch::Bad(why)) => Verdict::Bad { why },
        Err(Mismatch::UnknownHash) => {
            Verdict::NotChecked { why: "its digests are neither SHA-256 nor SHA-384 nor SHA-512" }
        }
    })
}

fn bad(why: impl Into<String>) -> Verdict {
    Verdict::Bad { why: why.into() }
}
