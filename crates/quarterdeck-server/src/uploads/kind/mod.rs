//! What kind of file an upload is, why, and what is to be warned of. In this order it is decided by what the user says
//! of this file, what she said of her last one with that ending, the site's rules, the content, and the name.

mod content;
mod name;
mod reason;
mod rules;
mod store;

use std::io;
use std::str::FromStr;

use quarterdeck_types::{FileKind, FileName};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::agents::UserFile;
pub use reason::Reason;
pub use rules::Rule;

/// Who or what decided a file's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindSource {
    Name,
    Content,
    SiteRule,
    User,
}

/// What to be careful with. A site can refuse each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Programs as machine code.
    Executables,
    /// Office documents that bring programs along.
    Macros,
    /// Python objects: loading them runs what they say.
    Pickles,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub kind: FileKind,
    pub source: KindSource,
    pub reason: Reason,
    pub risks: Vec<Risk>,
}

impl KindSource {
    pub fn as_str(self) -> &'static str {
        match self {
            KindSource::Name => "name",
            KindSource::Content => "content",
            KindSource::SiteRule => "site_rule",
            KindSource::User => "user",
        }
    }

    pub fn parse(text: &str) -> Option<KindSource> {
        let all = [KindSource::Name, KindSource::Content, KindSource::SiteRule, KindSource::User];
        all.into_iter().find(|source| source.as_str() == text)
    }
}

impl Risk {
    /// The word used in JSON, in the database and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Executables => "executables",
            Risk::Macros => "macros",
            Risk::Pickles => "pickles",
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Risk::Executables => "executable programs",
            Risk::Macros => "documents with macros",
            Risk::Pickles => "Python pickles",
        }
    }
}

#[derive(Debug, Error)]
#[error("\"{0}\" cannot be refused: write executables, macros or pickles")]
pub struct NotARisk(String);

impl FromStr for Risk {
    type Err = NotARisk;

    fn from_str(text: &str) -> Result<Risk, NotARisk> {
        let all = [Risk::Executables, Risk::Macros, Risk::Pickles];
        let found = all.into_iter().find(|risk| risk.as_str() == text.trim());
        found.ok_or_else(|| NotARisk(text.to_owned()))
    }
}

/// Of a file whose bytes are yet to come. `said`: what its user says of it now.
pub(super) async fn announced(
    db: &impl ConnectionTrait,
    rules: &[Rule],
    user: Uuid,
    name: &FileName,
    said: Option<FileKind>,
) -> Result<Judgement, DbErr> {
    if let Some(kind) = said {
        return Ok(chosen(kind));
    }
    if let Some(ending) = name::ending(&name.display())
        && let Some(kind) = store::chosen(db, user, &ending).await?
    {
        let reason = Reason::Remembered { pattern: format!("*.{ending}").into() };
        return Ok(Judgement { reason, ..chosen(kind) });
    }
    Ok(by_name_or_rule(rules, name))
}

/// What its user says of this very file.
pub(super) fn chosen(kind: FileKind) -> Judgement {
    Judgement { kind, source: KindSource::User, reason: Reason::Chosen, risks: Vec::new() }
}

/// Of a file that cannot be looked into.
pub(super) fn by_name_or_rule(rules: &[Rule], name: &FileName) -> Judgement {
    let name = name.display();
    let rule = rules.iter().find(|rule| !rule.needs_content() && rule.fits(&name, &[]));
    rule.map_or_else(|| by_name(&name), by_rule)
}

/// What her next upload with this file's ending is. Files without one are all different.
pub(super) async fn remember(
    tx: &impl ConnectionTrait,
    user: Uuid,
    name: &FileName,
    kind: FileKind,
    now_us: i64,
) -> Result<(), DbErr> {
    match name::ending(&name.display()) {
        Some(ending) => store::choose(tx, user, ending, kind, now_us).await,
        None => Ok(()),
    }
}

/// Her next uploads with this file's ending are what they say themselves.
pub(super) async fn forget(tx: &impl ConnectionTrait, user: Uuid, name: &FileName) -> Result<(), DbErr> {
    match name::ending(&name.display()) {
        Some(ending) => store::forget(tx, user, ending).await,
        None => Ok(()),
    }
}

/// Looks into a file of which `size` bytes are there. What its user says of it is the caller's to respect.
pub(super) async fn look(file: &UserFile, size: u64, name: &FileName, rules: &[Rule]) -> io::Result<Judgement> {
    let (name, rules) = (name.display(), rules.to_vec());
    file.examine(move |file| {
        use std::os::unix::fs::FileExt;
        judge(&|offset, buffer| read_fully(|at, buffer| file.read_at(buffer, at), offset, buffer), size, &name, &rules)
    })
    .await
}

fn judge(read: &content::Read, size: u64, name: &str, rules: &[Rule]) -> io::Result<Judgement> {
    let found = content::recognise(read, size, name)?;
    let mut risks = found.risks;
    if found.kind.is_none() && risks.is_empty() && size > 0 && name::is_pickle(name) {
        risks.push(Risk::Pickles);
    }
    let judgement = match (rules.iter().find(|rule| rule.fits(name, &found.head)), found.kind) {
        (Some(rule), _) => by_rule(rule),
        (None, Some((kind, reason))) => Judgement { kind, source: KindSource::Content, reason, risks: Vec::new() },
        (None, None) => by_name(name),
    };
    Ok(Judgement { risks, ..judgement })
}

fn by_rule(rule: &Rule) -> Judgement {
    let reason = Reason::Rule { pattern: rule.pattern().to_owned().into() };
    Judgement { kind: rule.kind(), source: KindSource::SiteRule, reason, risks: Vec::new() }
}

fn by_name(name: &str) -> Judgement {
    let (kind, reason) = match name::kind(name) {
        Some((kind, pattern)) => (kind, Reason::Name { pattern: pattern.into() }),
        None => (FileKind::Data, Reason::Unknown),
    };
    Judgement { kind, source: KindSource::Name, reason, risks: Vec::new() }
}

fn read_fully(read: impl Fn(u64, &mut [u8]) -> io::Result<usize>, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
