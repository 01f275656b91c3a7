//! `quarterdeck image inspect`: what the API says of an image, for one file.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print an image's metadata
    Inspect {
        file: PathBuf,
        /// As `apptainer inspect --json --all` prints it
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let Command::Inspect { file, json } = command;
    let opened = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
    let image = quarterdeck_sif::read(&opened).with_context(|| format!("reading {}", file.display()))?;
    if json {
        let inspect = image.inspect.context("this image stores no metadata that can be read")?;
        println!("{}", serde_json::to_string_pretty(&inspect)?);
        return Ok(());
    }
    println!("architecture\t{}", image.architecture.unwrap_or("unknown"));
    println!("encrypted\t{}", image.encrypted);
    println!("signatures\t{}", image.signatures.len());
    println!("apps\t{}", image.apps.join(" "));
    for (name, value) in &image.labels {
        // A label is somebody's text: control characters must not reach the terminal.
        println!("label\t{}\t{}", name.escape_debug(), value.escape_debug());
    }
    if let Some(reason) = image.unreadable {
        println!("unreadable\t{reason}");
    }
    Ok(())
}
