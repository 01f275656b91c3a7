//! Who may charge which account, with which QOS and within what limits: slurmdbd's associations, for administrators alone
//! choose the words in its answer.

use super::{Reading, setting, text};
use crate::notation::{BadNotation, parse_count, parse_time_limit};
use crate::{AnswerError, Association, Limits, Qos};

const SACCTMGR: &str = "sacctmgr";

/// In the order in which [`read_association`] takes them.
const ASSOCIATION: &str =
    "cluster,user,account,partition,defaultqos,qos,maxjobs,maxsubmit,maxwall,maxtres,grpjobs,grpsubmit,grptres";
/// In the order in which [`read_qos`] takes them.
const QOS: &str = "name,description,priority,maxjobsperuser,maxsubmitjobsperuser,maxwall,maxtresperjob,maxtresperuser";

/// What slurm.conf says of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enforcement {
    pub cluster: String,
    /// Jobs are taken from those who have an association alone (`AccountingStorageEnforce`).
    pub accounts: bool,
    /// And with a QOS that it allows alone.
    pub qos: bool,
}

/// From the answer to [`super::privacy::reading`], the whole configuration.
pub fn enforcement(configuration: &[u8]) -> Enforcement {
    let enforced = setting(configuration, "AccountingStorageEnforce").unwrap_or_default();
    let has = |words: &[&str]| enforced.split(',').any(|word| words.contains(&word.trim()));
    Enforcement {
        cluster: setting(configuration, "ClusterName").unwrap_or_default(),
        // Each of the others includes them.
        accounts: has(&["associations", "limits", "qos", "safe", "wckeys", "all"]),
        qos: has(&["qos", "all"]),
    }
}

/// The associations of every user. What one inherits of its account's limits is in it.
pub fn reading() -> Reading {
    Reading::new(SACCTMGR, &["-nP", "show", "assoc", &format!("format={ASSOCIATION}")])
}

/// Those of this cluster that are a user's.
pub fn parse(answer: &[u8], cluster: &str) -> Result<Vec<Association>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.is_empty()).map(|line| fields(line, ASSOCIATION));
    let mut associations = Vec::new();
    for fields in lines {
        let fields = fields?;
        if fields[0] == cluster && !fields[1].is_empty() {
            associations.push(read_association(&fields)?);
        }
    }
    Ok(associations)
}

fn read_association(fields: &[&str]) -> Result<Association, AnswerError> {
    Ok(Association {
        user: fields[1].to_owned(),
        account: fields[2].to_owned(),
        partition: word(fields[3]),
        default_qos: word(fields[4]),
        qos: list(fields[5]),
        limits: Limits {
            max_jobs: count("MaxJobs", fields[6])?,
            max_submitted_jobs: count("MaxSubmit", fields[7])?,
            max_time_minutes: minutes("MaxWall", fields[8])?,
            max_tres_per_job: word(fields[9]),
            group_jobs: count("GrpJobs", fields[10])?,
            group_submitted_jobs: count("GrpSubmit", fields[11])?,
            group_tres: word(fields[12]),
        },
    })
}

/// Each user's default account.
pub fn defaults_reading() -> Reading {
    Reading::new(SACCTMGR, &["-nP", "show", "user", "format=user,defaultaccount"])
}

pub fn parse_defaults(answer: &[u8]) -> Result<Vec<(String, String)>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.is_empty());
    let pairs = lines.map(|line| {
        let (user, account) =
            line.split_once('|').ok_or_else(|| AnswerError::layout(SACCTMGR, "a user without a default account"))?;
        Ok((user.to_owned(), account.to_owned()))
    });
    pairs.filter(|pair| !matches!(pair, Ok((_, account)) if account.is_empty())).collect()
}

pub fn qos_reading() -> Reading {
    Reading::new(SACCTMGR, &["-nP", "show", "qos", &format!("format={QOS}")])
}

pub fn parse_qos(answer: &[u8]) -> Result<Vec<Qos>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.is_empty());
    lines.map(|line| read_qos(&fields(line, QOS)?)).collect()
}

fn read_qos(fields: &[&str]) -> Result<Qos, AnswerError> {
    Ok(Qos {
        name: fields[0].to_owned(),
        description: word(fields[1]),
        priority: count("Priority", fields[2])?.unwrap_or(0),
        max_jobs_per_user: count("MaxJobsPU", fields[3])?,
        max_submitted_jobs_per_user: count("MaxSubmitPU", fields[4])?,
        max_time_minutes: minutes("MaxWall", fields[5])?,
        max_tres_per_job: word(fields[6]),
        max_tres_per_user: word(fields[7]),
    })
}

fn fields<'a>(line: &'a str, format: &str) -> Result<Vec<&'a str>, AnswerError> {
    let fields: Vec<&str> = line.split('|').collect();
    let expected = format.split(',').count();
    if fields.len() == expected {
        return Ok(fields);
    }
    Err(AnswerError::layout(SACCTMGR, "a line has other columns than were asked for"))
}

fn word(field: &str) -> Option<String> {
    (!field.is_empty()).then(|| field.to_owned())
}

fn list(field: &str) -> Vec<String> {
    field.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn count(name: &'static str, field: &str) -> Result<Option<u32>, AnswerError> {
    read(name, field, |text| parse_count(text).map(Some))
}

fn minutes(name: &'static str, field: &str) -> Result<Option<u32>, AnswerError> {
    read(name, field, parse_time_limit)
}

fn read(
    name: &'static str,
    field: &str,
    parse: impl Fn(&str) -> Result<Option<u32>, BadNotation>,
) -> Result<Option<u32>, AnswerError> {
    if field.is_empty() { Ok(None) } else { parse(field).map_err(|_| AnswerError::field(SACCTMGR, name, field)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_users_associations_and_no_accounts_own() {
        // As 22.05 prints them.
        let answer = b"quarterdeck||physics|||normal|||||||\n\
            quarterdeck|alice|physics||normal|high,normal|5|20|1-00:00:00|cpu=8,gres/gpu=2|||cpu=64\n\
            elsewhere|alice|physics|||normal|||||||\n\
            quarterdeck|alice|viz-team|gpu||normal|||||||\n";
        let read = parse(answer, "quarterdeck").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].qos, ["high", "normal"]);
        assert_eq!(read[0].limits.max_time_minutes, Some(1440));
        assert_eq!(read[0].limits.max_tres_per_job.as_deref(), Some("cpu=8,gres/gpu=2"));
        assert_eq!((read[1].partition.as_deref(), read[1].limits.max_jobs), (Some("gpu"), None));
        assert!(parse(b"sacctmgr: error: no connection\n", "quarterdeck").is_err());
    }

    #[test]
    fn reads_default_accounts_and_qos() {
        let defaults = parse_defaults(b"alice|physics\nnobody|\n").unwrap();
        assert_eq!(defaults, [("alice".to_owned(), "physics".to_owned())]);
        let qos = parse_qos(b"normal|Normal QOS default|0|||||\nshort|short|100|2|10|01:00:00|cpu=4|cpu=8\n").unwrap();
        assert_eq!((qos[0].priority, qos[1].max_time_minutes), (0, Some(60)));
        assert_eq!(qos[1].max_tres_per_user.as_deref(), Some("cpu=8"));
    }

    #[test]
    fn what_is_enforced_is_read_from_the_configuration() {
        let of = |value: &str| enforcement(format!("AccountingStorageEnforce = {value}\nClusterName = c\n").as_bytes());
        assert_eq!(of("associations,limits,qos"), Enforcement { cluster: "c".into(), accounts: true, qos: true });
        assert_eq!(of("associations"), Enforcement { cluster: "c".into(), accounts: true, qos: false });
        assert_eq!(of("none"), Enforcement { cluster: "c".into(), accounts: false, qos: false });
    }
}
