//! `quarterdeck download`: files and directories from the cluster, gone on with where they were cut off.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use quarterdeck_types::RelativePath;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};

use super::block_on;
use crate::client::Portal;
use crate::client::fetch::{Fetcher, Wanted};
use crate::client::place::{EscapeControl, Place};
use crate::client::progress::Progress;

/// Entries of a directory that are asked for at once.
const PAGE: &str = "1000";
/// Files that were found and wait for their turn.
const AHEAD: usize = 100;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files and directories: home:/runs/result.dat
    #[arg(required = true, value_name = "SPACE:/PATH")]
    places: Vec<Place>,
    /// Directory on this machine that they go to
    #[arg(long, default_value = ".", value_name = "DIRECTORY")]
    to: PathBuf,
    /// Replace files of the same name that are there
    #[arg(long)]
    replace: bool,
    /// Requests at once; big files are fetched in so many parts
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    parallel: u8,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let parallel = usize::from(arguments.parallel);
    let fetcher = Fetcher {
        portal: Portal::known()?,
        connections: Semaphore::new(parallel),
        most_parts: parallel as u64,
        replace: arguments.replace,
    };
    let progress = Progress::new(0, 0);
    let failed = block_on(async {
        let (found, files) = mpsc::channel(AHEAD);
        let searching = async {
            let search = Search { portal: &fetcher.portal, progress: &progress, found };
            let mut failed = 0;
            for place in arguments.places {
                if let Err(error) = search.of(&place, &arguments.to).await {
                    progress.complain(&format!("{place}: {error:#}"));
                    failed += 1;
                }
            }
            failed
        };
        let files = stream::unfold(files, async |mut files: mpsc::Receiver<Wanted>| Some((files.recv().await?, files)));
        let fetches = files.map(|wanted| fetch(&fetcher, wanted, &progress)).buffer_unordered(parallel);
        let fetching = fetches.filter(|done| std::future::ready(!done)).count();
        let (not_found, not_fetched) = futures_util::future::join(searching, fetching).await;
        Ok(not_found + not_fetched)
    })?;
    if failed > 0 {
        bail!("not all of it is here. The same command goes on where it stopped.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints where the file is now. Whether it is there.
async fn fetch(fetcher: &Fetcher, wanted: Wanted, progress: &Progress) -> bool {
    let bar = progress.file(&wanted.place.to_string(), wanted.size);
    let fetched = if wanted.is_there() {
        bar.advance(wanted.size);
        Ok(())
    } else {
        fetcher.fetch(&wanted, &bar).await
    };
    match &fetched {
        Ok(()) => progress.say(&wanted.target.to_string_lossy().escape_control()),
        Err(error) => progress.complain(&format!("{}: {error:#}", wanted.place)),
    }
    fetched.is_ok()
}

#[derive(Deserialize)]
struct Entry {
    /// Escaped.
    path: RelativePath,
    kind: String,
    size: u64,
    modified_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    next_cursor: Option<String>,
}

/// Looks for files at and below places; makes the directories for them on this machine.
struct Search<'a> {
    portal: &'a Portal,
    progress: &'a Progress,
    found: mpsc::Sender<Wanted>,
}

impl Search<'_> {
    async fn of(&self, place: &Place, to: &Path) -> anyhow::Result<()> {
        let space = place.space.as_str();
        let entry: Entry = self.portal.get(&["files", space, "stat"], &[("path", &place.path.to_string())]).await?;
        let mut directories = Vec::new();
        self.sort(place, entry, to, &mut directories).await?;
        while let Some((path, to)) = directories.pop() {
            std::fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
            let path = path.to_string();
            let mut cursor = None::<String>;
            loop {
                let mut query = vec![("path", path.as_str()), ("limit", PAGE)];
                query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
                let page: Page = self.portal.get(&["files", space], &query).await?;
                for entry in page.items {
                    self.sort(place, entry, &to, &mut directories).await?;
                }
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn sort(
        &self,
        top: &Place,
        entry: Entry,
        to: &Path,
        directories: &mut Vec<(RelativePath, PathBuf)>,
    ) -> anyhow::Result<()> {
        let target = match entry.path.split() {
            Some((_, name)) => to.join(name.as_os_str()),
            None => to.join(top.space.as_str()),
        };
        let place = Place { space: top.space.clone(), path: entry.path };
        match entry.kind.as_str() {
            "directory" => directories.push((place.path, target)),
            "file" => {
                self.progress.add(entry.size);
                let wanted = Wanted { place, target, size: entry.size, modified_at: entry.modified_at };
                self.found.send(wanted).await.context("nobody fetches any more")?;
            }
            _ => self.progress.complain(&format!("{place}: neither file nor directory, left out")),
        }
        Ok(())
    }
}
