//! Bars on a terminal that show how far transfers are; a line for each finished one elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::place::EscapeControl;

/// The bars of one command. Cloned, it is the same.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
    all: ProgressBar,
    files: Arc<AtomicUsize>,
}

impl Progress {
    /// For so many files, of so many bytes together.
    pub(crate) fn new(files: usize, bytes: u64) -> Progress {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bars = MultiProgress::with_draw_target(target);
        let all =
            bars.add(ProgressBar::new(bytes).with_style(style("{bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")));
        all.set_message(counted(files));
        Progress { bars, all, files: Arc::new(AtomicUsize::new(files)) }
    }

    /// A bar for one file, above that of all. It goes when the [`FileProgress`] does.
    pub(crate) fn file(&self, name: &str, bytes: u64) -> FileProgress {
        let bar = ProgressBar::new(bytes).with_style(style("{bytes}/{total_bytes}"));
        let bar = self.bars.insert_before(&self.all, bar);
        bar.set_message(name.escape_control());
        FileProgress { bar, all: self.all.clone() }
    }

    /// One more file turned up.
    pub(crate) fn add(&self, bytes: u64) {
        self.all.inc_length(bytes);
        self.all.set_message(counted(self.files.fetch_add(1, Ordering::Relaxed) + 1));
    }

    /// A line that stays, for whatever reads the command's output.
    pub(crate) fn say(&self, line: &str) {
        // Whoever read it has enough: `| head`.
        self.bars.suspend(|| drop(writeln!(std::io::stdout(), "{line}")));
    }

    pub(crate) fn complain(&self, line: &str) {
        self.bars.suspend(|| eprintln!("quarterdeck: {line}"));
    }
}

/// The bar of one file, which several tasks may move.
pub(crate) struct FileProgress {
    bar: ProgressBar,
    all: ProgressBar,
}

impl FileProgress {
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.all.inc(bytes);
    }

    /// What was counted did not arrive.
    pub(crate) fn retreat(&self, bytes: u64) {
        self.bar.dec(bytes);
        self.all.dec(bytes);
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

fn style(figures: &str) -> ProgressStyle {
    ProgressStyle::with_template(&format!("{{wide_msg}}  {{bar:24}} {{percent:>3}}%  {figures}"))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
