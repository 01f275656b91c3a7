//! The public keys with which a site has its images signed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use quarterdeck_sif::Keys;
use sha2::{Digest, Sha256};

/// No export of keys takes more.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 1000;

/// Public keys whose signatures a site believes.
#[derive(Clone)]
pub struct SigningKeys {
    pub keys: Arc<Keys>,
    /// Other keys have another: what was checked with others is checked again.
    pub(super) id: String,
}

impl SigningKeys {
    /// Reads OpenPGP public keys, armored or not, and ed25519 ones in PEM: files, and all files of directories.
    ///
    /// # Errors
    /// Naming the first file that has no key.
    pub fn load(paths: &[PathBuf]) -> anyhow::Result<SigningKeys> {
        let mut files = Vec::new();
        for path in paths {
            let reading = || format!("reading {} for images' signing keys", path.display());
            if fs::metadata(path).with_context(reading)?.is_dir() {
                let beneath = of_directory(path).with_context(reading)?;
                if beneath.is_empty() {
                    bail!("{} holds no signing keys: put the public keys there, a file each", path.display());
                }
                files.extend(beneath);
            } else {
                files.push(path.clone());
            }
        }
        if files.len() > MAX_FILES {
            bail!("there are more than {MAX_FILES} files with signing keys: name a directory that has nothing else");
        }
        let mut keys = Keys::default();
        let mut hash = Sha256::new();
        for file in files {
            let bytes = read(&file).with_context(|| format!("reading {}", file.display()))?;
            keys.extend(Keys::parse(&bytes).with_context(|| format!("reading the signing key {}", file.display()))?);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
        }
        Ok(SigningKeys { keys: Arc::new(keys), id: quarterdeck_types::hex(&hash.finalize()) })
    }
}

/// By name; hidden ones are an editor's.
fn of_directory(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Links are followed: directories that are changed as a whole have them.
        if !is_hidden && fs::metadata(entry.path())?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        bail!("it is larger than 1 MiB: no key is");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::testing::real;

    #[test]
    fn keys_of_both_kinds_are_read_from_files_and_directories() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["fixture-pgp-public.asc", "fixture-ed25519-public.pem"] {
            fs::copy(real(name), directory.path().join(name)).unwrap();
        }
        fs::write(directory.path().join(".swap"), "no key").unwrap();
        let all = SigningKeys::load(&[directory.path().to_owned()]).unwrap();
        let one = SigningKeys::load(&[real("fixture-pgp-public.asc")]).unwrap();
        assert_ne!(all.id, one.id);
        let signed = |name: &str| fs::read(real(name)).unwrap();
        for (keys, name, word) in [
            (&all, "lean-signed-pgp.sif", "verified"),
            (&all, "lean-signed-dsse.sif", "verified"),
            (&one, "lean-signed-pgp.sif", "verified"),
            (&one, "lean-signed-dsse.sif", "unknown key"),
        ] {
            let checked = quarterdeck_sif::verify(signed(name).as_slice(), &keys.keys).unwrap();
            assert_eq!(checked[0].verdict.word(), word, "{name}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let wrong = |paths: &[PathBuf]| format!("{:#}", SigningKeys::load(paths).err().unwrap());
        let at = directory.path().to_owned();
        assert!(wrong(std::slice::from_ref(&at)).contains("holds no signing keys"));
        assert!(wrong(&[at.join("none.asc")]).contains("none.asc"));
        fs::write(at.join("notes.txt"), "no key").unwrap();
        let why = wrong(&[real("fixture-pgp-public.asc"), at.clone()]);
        assert!(why.contains("notes.txt: this is neither an OpenPGP public key"), "{why}");
        fs::write(at.join("notes.txt"), vec![b'x'; 2 << 20]).unwrap();
        assert!(wrong(&[at]).contains("larger than 1 MiB"));
    }
}
