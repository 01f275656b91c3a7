//! `quarterdeck upload`: files and folders to the cluster, gone on with where they were cut off.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use quarterdeck_types::FileKind;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::block_on;
use crate::client::place::{EscapeControl, Place};
use crate::client::progress::Progress;
use crate::client::tus::{Sender, Source};
use crate::client::{Failure, Portal};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Directory on the cluster: home:/runs [default: where the portal keeps uploads]
    #[arg(long, value_name = "SPACE:/PATH")]
    to: Option<Place>,
    /// What the files are: data, config, script, model, mesh, result or document [default: as the portal finds]
    #[arg(long, value_parser = kind)]
    kind: Option<FileKind>,
    /// Requests at once; big files are sent in so many parts
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    parallel: u8,
    /// Do not compare the SHA-256 of whole files at the end
    #[arg(long)]
    no_checksum: bool,
}

fn kind(text: &str) -> Result<FileKind, String> {
    FileKind::parse(text).ok_or_else(|| "it is one of data, config, script, model, mesh, result, document".to_owned())
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut sources = Vec::new();
    for path in &arguments.paths {
        gather(path, &mut sources).with_context(|| path.display().to_string())?;
    }
    for source in &mut sources {
        if let Some(to) = &arguments.to {
            source.metadata.extend([("space", to.space.to_string()), ("directory", to.path.to_string())]);
        }
        source.metadata.extend(arguments.kind.map(|kind| ("kind", kind.as_str().to_owned())));
    }
    let parallel = usize::from(arguments.parallel);
    let sender = Sender {
        portal: Portal::known()?,
        connections: Semaphore::new(parallel),
        most_parts: parallel as u64,
        checksum: !arguments.no_checksum,
    };
    let progress = Progress::new(sources.len(), sources.iter().map(|source| source.size).sum());
    let failed = block_on(async {
        let uploads = sources.iter().map(|source| upload(&sender, source, &progress));
        Ok(stream::iter(uploads).buffer_unordered(parallel).filter(|done| std::future::ready(!done)).count().await)
    })?;
    if failed > 0 {
        bail!("{failed} of {} files failed. The same command goes on where it stopped.", sources.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints where the file is now. Whether it is there.
async fn upload(sender: &Sender, source: &Source, progress: &Progress) -> bool {
    let name = source.name();
    let bar = progress.file(name, source.size);
    let outcome = async {
        let id = sender.upload(source, &bar).await?;
        Ok::<_, anyhow::Error>(placed(&sender.portal, &id.to_string()).await?)
    };
    let outcome = outcome.await;
    match &outcome {
        Ok(place) => progress.say(place),
        Err(error) => progress.complain(&format!("{}: {error:#}", name.escape_control())),
    }
    outcome.is_ok()
}

async fn placed(portal: &Portal, id: &str) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Info {
        space: String,
        path: Option<String>,
    }
    let info: Info = portal.get(&["uploads", id, "info"], &[]).await?;
    let path = quarterdeck_types::place::plain(&info.path.unwrap_or_default());
    Ok(format!("{}:/{}", info.space, path.escape_control()))
}

/// A file, or all files of a folder with their paths from the folder's own name on. Links in it are left alone.
fn gather(path: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let about = fs::metadata(path)?;
    if about.is_file() {
        let name = path.file_name().context("it has no name")?;
        sources.push(source(path.to_owned(), &about, ("filename", text(name.as_bytes())?))?);
        return Ok(());
    }
    let top = fs::canonicalize(path)?;
    let above = top.parent().unwrap_or(&top).to_owned();
    let mut directories = vec![top];
    while let Some(directory) = directories.pop() {
        let mut entries: Vec<_> = fs::read_dir(&directory)
            .and_then(Iterator::collect::<Result<_, _>>)
            .with_context(|| directory.display().to_string())?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let about = entry.metadata()?;
            if about.is_dir() {
                directories.push(path);
            } else if about.is_file() {
                let relative = text(path.strip_prefix(&above)?.as_os_str().as_bytes())?;
                sources.push(source(path, &about, ("relativePath", relative))?);
            } else {
                eprintln!("quarterdeck: {}: neither file nor folder, left out", path.display());
            }
        }
    }
    Ok(())
}

fn source(path: PathBuf, about: &fs::Metadata, name: (&'static str, String)) -> anyhow::Result<Source> {
    let path = std::path::absolute(path)?;
    Ok(Source { path, size: about.len(), modified: about.modified()?, metadata: vec![name] })
}

/// The protocol has names in UTF-8 alone.
fn text(name: &[u8]) -> anyhow::Result<String> {
    let text = std::str::from_utf8(name).ok();
    text.map(str::to_owned).with_context(|| format!("the name {} is not UTF-8", String::from_utf8_lossy(name)))
}
