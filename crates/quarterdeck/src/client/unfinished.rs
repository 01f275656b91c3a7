//! What was begun and not finished, so that the same command goes on where it was cut off: a small file for each
//! transfer in the user's state directory.

use std::fs::DirBuilder;
use std::io::Write;
use std::marker::PhantomData;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::credentials;

/// What is remembered of one transfer.
pub(crate) struct Unfinished<T> {
    path: PathBuf,
    what: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Unfinished<T> {
    /// That of the transfer which all of this tells from any other.
    pub(crate) fn of(what: &[&dyn std::fmt::Debug]) -> anyhow::Result<Unfinished<T>> {
        let directory = credentials::directory("XDG_STATE_HOME", ".local/state")?.join("transfers");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .with_context(|| format!("making {}", directory.display()))?;
        let digest = Sha256::digest(format!("{what:?}"));
        let name = quarterdeck_types::hex(&digest[..16]);
        Ok(Unfinished { path: directory.join(name), what: PhantomData })
    }

    /// `None`: never begun, or what is remembered cannot be read and it begins anew.
    pub(crate) fn recall(&self) -> Option<T> {
        serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()
    }

    pub(crate) fn remember(&self, state: &T) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(self.path.parent().context("a directory")?)?;
            file.write_all(&serde_json::to_vec(state)?)?;
            file.persist(&self.path)?;
            Ok(())
        };
        write().with_context(|| format!("writing {}", self.path.display()))
    }

    /// A word that no other transfer has.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(crate) fn forget(&self) {
        // One that stays costs a question at most, when the same file is sent again.
        let _ = std::fs::remove_file(&self.path);
    }
}
