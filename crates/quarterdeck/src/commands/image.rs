//! `quarterdeck image inspect`: what the API says of an image, for one file.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, bail};
use quarterdeck_server::SigningKeys;
use quarterdeck_sif::{Checked, Detail, Format, Image, PartitionKind, Standing, Verdict};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print an image's metadata
    Inspect {
        file: PathBuf,
        /// As `apptainer inspect --json --all` prints it
        #[arg(long)]
        json: bool,
        /// Public keys (OpenPGP, or ed25519 in PEM), or a directory of them, with which signatures are checked; reads
        /// the whole image
        #[arg(long = "keys", value_name = "PATH")]
        keys: Vec<PathBuf>,
    },
}

pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let Command::Inspect { file, json, keys } = command;
    let opened = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
    let image = quarterdeck_sif::read(&opened).with_context(|| format!("reading {}", file.display()))?;
    let checked = match keys.as_slice() {
        [] => None,
        keys => Some(quarterdeck_sif::verify(&opened, &SigningKeys::load(keys)?.keys)?),
    };
    if json {
        let why = || image.unreadable.as_ref().map_or_else(|| "it says nothing".to_owned(), printable);
        let inspect = image.inspect.as_ref().with_context(|| format!("this image cannot be inspected: {}", why()))?;
        println!("{}", serde_json::to_string_pretty(inspect)?);
        if let Some(reason) = &image.unreadable {
            eprintln!("not all of it: {}", printable(reason));
        }
    } else {
        print(&image, checked.as_deref());
    }
    let bad = checked.iter().flatten().find_map(|checked| match &checked.verdict {
        Verdict::Bad { why } => Some(why),
        _ => None,
    });
    if let Some(why) = bad {
        bail!("a signature does not hold ({}): do not run this image", printable(why));
    }
    Ok(())
}

/// Somebody's text: control characters must not reach the terminal.
fn printable(text: impl ToString) -> String {
    text.to_string().escape_debug().to_string()
}

/// A line for each thing, its parts separated by tabs.
fn print(image: &Image, checked: Option<&[Checked]>) {
    println!("format\t{}", format(image.format));
    println!("architecture\t{}", image.architecture.unwrap_or("unknown"));
    if let Some(uuid) = image.uuid {
        println!("identifier\t{uuid}");
    }
    if let Some(created) = image.created {
        println!("created\t{}", created.to_rfc3339());
    }
    println!("encrypted\t{}", image.encrypted);
    println!("overlays\t{}", overlays(image));
    println!("signatures\t{}", image.signatures.len());
    for (number, signature) in image.signatures.iter().enumerate() {
        let key = signature.fingerprint.as_deref().unwrap_or("no OpenPGP key");
        match checked.and_then(|checked| checked.get(number)) {
            Some(checked) => println!("signature\t{}\t{key}\t{}", signature.hash, verdict(&checked.verdict)),
            None => println!("signature\t{}\t{key}\tunchecked: give --keys", signature.hash),
        }
    }
    if let Some(standing) = checked.and_then(|checked| Standing::of(&image.descriptors, checked)) {
        println!("signed\t{}", standing_in_words(standing));
    }
    println!("apps\t{}", printable(image.apps.join(" ")));
    for (name, value) in &image.labels {
        println!("label\t{}\t{}", printable(name), printable(value));
    }
    if let Some(reason) = &image.unreadable {
        println!("unreadable\t{}", printable(reason));
    }
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Sif => "SIF",
        Format::OciSif => "OCI-SIF",
        Format::Singularity2 => "Singularity 2",
        Format::Squashfs => "squashfs",
        Format::Ext3 => "ext3",
    }
}

fn overlays(image: &Image) -> usize {
    let is_overlay = |detail: &Detail| matches!(detail, Detail::Partition { kind: PartitionKind::Overlay, .. });
    image.descriptors.iter().filter(|descriptor| is_overlay(&descriptor.detail)).count()
}

fn standing_in_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Verified => "verified",
        Standing::Partly => "in part: something that a container is started from is not signed",
        Standing::UnknownKey => "with an unknown key",
        Standing::Bad => "bad",
        Standing::NotChecked => "not checked",
    }
}

fn verdict(verdict: &Verdict) -> String {
    let word = verdict.word();
    match verdict {
        Verdict::Verified { signer, .. } => format!("{word}: {}", printable(signer)),
        Verdict::Bad { why } => format!("{word}: {}", printable(why)),
        Verdict::NotChecked { why } => format!("{word}: {why}"),
        Verdict::UnknownKey => word.to_owned(),
    }
}
