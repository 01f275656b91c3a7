//! `quarterdeck audit verify | export`, on the server's own database, whether the server runs or not.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use quarterdeck_server::{AuditCommands, AuditFinding, AuditReport, single_user_config};

use super::{ConfigFile, block_on};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Data directory of single-user mode
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Say whether somebody altered, removed, added or reordered events; exit code 1 if so
    Verify,
    /// Print events as newline-delimited JSON in the order of the chain
    Export {
        /// Events from this time on: 2026-11-24T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<DateTime<Utc>>,
        /// Events before this time
        #[arg(long, value_name = "TIME")]
        until: Option<DateTime<Utc>>,
    },
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut config = arguments.config.load()?;
    if let Some(data) = arguments.data {
        config = single_user_config(config, data, None);
    }
    block_on(async {
        let audit = AuditCommands::open(&config).await?;
        match arguments.command {
            Command::Verify => {
                let report = audit.verify().await.context("verifying the audit")?;
                tell(&report);
                Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Command::Export { since, until } => {
                let mut pages = audit.export(since, until).await?;
                while let Some(page) = pages.next().await? {
                    match std::io::stdout().write_all(page.as_bytes()) {
                        // Whoever read it has enough: `| head`.
                        Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                        written => written.context("writing the export")?,
                    }
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

fn tell(report: &AuditReport) {
    for finding in &report.findings {
        println!("{}", line(finding));
    }
    if report.omitted > 0 {
        println!("… and {} more", report.omitted);
    }
    for archive in report.archives.iter().filter(|archive| !archive.is_there) {
        println!(
            "not checked: events {} to {}, whose file {} is not in the archive's directory",
            archive.first_seq, archive.last_seq, archive.file
        );
    }
    let places = match (report.first_seq, report.last_seq) {
        (Some(first), Some(last)) => format!(", places {first} to {last}"),
        _ => String::new(),
    };
    let waiting = match report.waiting {
        0 => String::new(),
        waiting => format!("; {waiting} wait for their place"),
    };
    let verdict = match report.findings.len() {
        0 => "nothing was altered, removed, added or reordered".to_owned(),
        1 => "1 finding".to_owned(),
        number => format!("{number} findings"),
    };
    println!("{} events checked{places}{waiting}: {verdict}", report.checked);
}

/// `altered  seq 3  event 0193…  2026-11-24T12:00:03Z  job.hold  The event is not what was written.`
fn line(finding: &AuditFinding) -> String {
    let parts = [
        Some(finding.kind.as_str().to_owned()),
        finding.seq.map(|seq| format!("seq {seq}")),
        finding.event_id.map(|id| format!("event {id}")),
        finding.at.map(|at| at.to_rfc3339()),
        // Whoever altered it chose what stands there.
        finding.action.as_ref().map(|action| action.escape_default().to_string()),
        Some(finding.detail.clone()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
