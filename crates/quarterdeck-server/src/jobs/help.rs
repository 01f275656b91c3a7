//! Puts together what the site's support needs to know of a job, for its owner to read and send. In English and
//! Markdown, whatever her language: that is what supporters' tools take.

use std::fmt::Write;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};

use super::output::tails;
use super::{Error, Finding, Job, Stream, find_for, is_mine, resubmit, why, with_script};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::redact;

const MOST_SCRIPT: usize = 64 << 10;
/// Of both streams together.
const MOST_OUTPUT: u64 = 32 << 10;
const MOST_VALUE: usize = 200;
const MOST_VARIABLES: usize = 200;

pub struct Help {
    pub subject: String,
    pub text: String,
    /// How many secrets were taken out.
    pub redacted: usize,
}

/// Only of a job of one's own: its script and output are its owner's.
pub async fn help(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<Help, Error> {
    let job = find_for(app, actor, cluster, job).await?;
    if !is_mine(actor, &job) {
        return Err(Error::NotYours);
    }
    let job = with_script(app, job).await?;
    let id = job.id.to_string();
    let why = why(app, actor, cluster, &id).await?;
    let environment = match resubmit::asked_for(app, actor, cluster, &id).await {
        Ok(request) => request.environment.into_iter().collect(),
        Err(_) => Vec::new(),
    };
    let tails = tails(app, actor, cluster, &job, MOST_OUTPUT).await;
    let material =
        Material { job: &job, findings: &why.findings, environment: &environment, tails: &tails, at: app.clock.now() };
    Ok(material.put_together())
}

struct Material<'a> {
    job: &'a Job,
    findings: &'a [Finding],
    environment: &'a [(String, String)],
    tails: &'a [(Stream, Bytes)],
    at: DateTime<Utc>,
}

impl Material<'_> {
    fn put_together(&self) -> Help {
        let job = self.job;
        let number = job.job_id.as_ref().map_or_else(|| job.id.to_string(), ToString::to_string);
        let subject = one_line(&format!("Job {number} on {}: {} ({})", job.cluster, job.name, job.state));
        let mut text = format!("# {subject}\n\nPut together by Quarterdeck at {}.\n", time(self.at));
        self.facts(&mut text);
        self.reasons(&mut text);
        let mut redacted = self.variables(&mut text);
        if let Some(script) = &job.script {
            section(&mut text, "Batch script");
            redacted += fenced(&mut text, "bash", cut(script, MOST_SCRIPT), script.len() > MOST_SCRIPT);
        }
        for (stream, bytes) in self.tails {
            section(
                &mut text,
                match stream {
                    Stream::Stdout => "End of the output",
                    Stream::Stderr => "End of the standard error",
                },
            );
            redacted += fenced(&mut text, "", &plain(bytes), false);
        }
        let (subject, in_subject) = redact::secrets(&subject);
        Help { subject: subject.into_owned(), text, redacted: redacted + in_subject }
    }

    fn facts(&self, text: &mut String) {
        let job = self.job;
        section(text, "Job");
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                let (value, _) = redact::secrets(&value);
                let _ = writeln!(text, "- {name}: {}", one_line(&value));
            }
        };
        fact("State", Some(job.state.to_string()));
        fact("Slurm's reason", job.reason.clone().filter(|reason| reason != "None"));
        fact("Message", job.message.clone());
        fact("Exit code", job.exit_code.map(|code| code.to_string()));
        fact("Signal", job.signal.map(|signal| signal.to_string()));
        fact("User", Some(job.user.clone()));
        fact("Account", job.account.clone());
        fact("Partition", job.partition.clone());
        fact("QOS", job.qos.clone());
        fact("Nodes", Some(format!("{} ({})", job.nodes, job.node_list.as_deref().unwrap_or("none given"))));
        fact("CPUs", Some(job.cpus.to_string()));
        fact("Memory", job.memory_mib.map(|mib| format!("{mib} MiB")));
        fact("GPUs", Some(job.gpus).filter(|gpus| *gpus > 0).map(|gpus| gpus.to_string()));
        fact("Time limit", job.time_limit_minutes.map(|minutes| format!("{minutes} min")));
        fact("Submitted", Some(time(job.submitted_at)));
        fact("Started", job.started_at.map(time));
        fact("Ended", job.ended_at.map(time));
        fact("Template", job.template.clone());
        fact("Image", job.image.clone());
        fact("Working directory", job.working_directory.clone());
        fact("Output", job.output_path.clone());
        fact("Id in Quarterdeck", Some(job.id.to_string()));
    }

    fn reasons(&self, text: &mut String) {
        if self.findings.is_empty() {
            return;
        }
        section(text, "What Quarterdeck found");
        for finding in self.findings {
            let params: Vec<String> = finding.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let line = finding.line.as_ref().map(|line| format!(": {}", line.text)).unwrap_or_default();
            let all = format!("{} {}{line}", finding.code, params.join(" "));
            let (all, _) = redact::secrets(&all);
            let _ = writeln!(text, "- {}", one_line(all.trim()));
        }
    }

    /// What the person set herself, and where her files were.
    fn variables(&self, text: &mut String) -> usize {
        let files = self.job.files.iter().map(|file| (file.variable.as_str(), file.name.as_str()));
        let own = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(files).take(MOST_VARIABLES).collect();
        if all.is_empty() {
            return 0;
        }
        section(text, "Environment");
        let mut redacted = 0;
        for (name, value) in all {
            let (value, count) = match redact::is_secret_name(name) {
                true => ("[redacted]".into(), 1),
                false => redact::secrets(cut(value, MOST_VALUE)),
            };
            redacted += count;
            let _ = writeln!(text, "- {}={}", one_line(name), one_line(&value));
        }
        redacted
    }
}

fn section(text: &mut String, title: &str) {
    let _ = write!(text, "\n## {title}\n\n");
}

/// The fence is longer than any in what stands between.
fn fenced(text: &mut String, language: &str, content: &str, is_cut: bool) -> usize {
    let (content, redacted) = redact::secrets(content);
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if content.ends_with('\n') { "" } else { "\n" };
    let note = if is_cut { "\n(The rest is left out.)\n" } else { "" };
    let _ = write!(text, "{fence}{language}\n{content}{end}{fence}\n{note}");
    redacted
}

/// As text, without what terminals take for commands.
fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() || ['\n', '\t'].contains(c)).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::observe::new_job;
    use crate::jobs::tests::seen;

    fn help(change: impl FnOnce(&mut Job), environment: &[(String, String)], output: &str) -> Help {
        let mut job = new_job("slurm", &seen("5", "alice", "wind"), None);
        change(&mut job);
        let tails = [(Stream::Stdout, Bytes::copy_from_slice(output.as_bytes()))];
        let at = "2026-11-25T12:00:00Z".parse().unwrap();
        Material { job: &job, findings: &[], environment, tails: &tails, at }.put_together()
    }

    #[test]
    fn secrets_stay_with_their_owner() {
        let environment = [("MODEL", "large"), ("WANDB_API_KEY", "0123"), ("URL", "https://alice:hunter2@host/x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let script = "#!/bin/bash\nexport DB_PASSWORD='hunter2 too'\ncurl -H 'Authorization: Bearer hunter2' x\n";
        let help = help(|job| job.script = Some(script.to_owned()), &environment, "token: hunter2\nall well\n");
        assert!(!help.text.contains("hunter2") && !help.text.contains("0123"), "{}", help.text);
        assert!(help.text.contains("- MODEL=large") && help.text.contains("all well"), "{}", help.text);
        assert_eq!(help.redacted, 5);
        assert_eq!(help.subject, "Job 5 on slurm: wind (PENDING)");
    }

    #[test]
    fn nothing_in_a_script_or_an_output_ends_its_fence() {
        let help =
            help(|job| job.script = Some("#!/bin/bash\n````\n# heading\n".to_owned()), &[], "```\n\u{1b}[31mred");
        assert!(help.text.contains("`````bash\n#!/bin/bash\n````\n# heading\n`````\n"), "{}", help.text);
        assert!(help.text.contains("````\n```\n[31mred\n````\n"), "{}", help.text);
    }

    #[test]
    fn it_stays_small_whatever_the_job() {
        let script = "x".repeat(4 << 20);
        let environment: Vec<_> = (0..1000).map(|n| (format!("V{n}"), "가 ".repeat(5000))).collect();
        let help = help(|job| job.script = Some(script), &environment, &"가".repeat(10_000));
        assert!(help.text.len() < 256 << 10, "{}", help.text.len());
        assert!(help.text.contains("(The rest is left out.)"));
    }
}
