//! What the site shows to whom: `PrivateData` of slurm.conf, the coordinators of accounts, and how much of it our own
//! account is shown. Administrators alone choose these words.

use std::collections::HashMap;

use super::{Reading, setting, text};
use crate::AnswerError;

const SCONTROL: &str = "scontrol";

/// Which of Slurm's things are shown to their owners, coordinators and operators alone (slurm.conf, `PrivateData`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrivateData {
    pub jobs: bool,
    pub nodes: bool,
    pub partitions: bool,
    pub reservations: bool,
}

/// Asks for the whole configuration.
pub fn reading() -> Reading {
    Reading::new(SCONTROL, &["show", "config"])
}

pub fn parse(answer: &[u8]) -> Result<PrivateData, AnswerError> {
    let value = setting(answer, "PrivateData");
    let value = value.ok_or_else(|| AnswerError::layout(SCONTROL, "its configuration has no PrivateData"))?;
    let has = |what: &str| value.split(',').any(|word| word.trim() == what);
    Ok(PrivateData {
        jobs: has("jobs"),
        nodes: has("nodes"),
        partitions: has("partitions"),
        reservations: has("reservations"),
    })
}

/// Asks which users coordinate which accounts; an account below one that is coordinated is in the answer itself.
pub fn coordinators_reading() -> Reading {
    Reading::new("sacctmgr", &["-nP", "list", "account", "withcoord", "format=account,coordinators"])
}

/// Each coordinator's accounts: `physics|alice,bob`.
pub fn parse_coordinators(answer: &[u8]) -> Result<HashMap<String, Vec<String>>, AnswerError> {
    let mut accounts: HashMap<String, Vec<String>> = HashMap::new();
    for line in text(answer).lines().filter(|line| !line.is_empty()) {
        let (account, users) =
            line.split_once('|').ok_or_else(|| AnswerError::layout("sacctmgr", "an account without coordinators"))?;
        for user in users.split(',').filter(|user| !user.is_empty()) {
            accounts.entry(user.to_owned()).or_default().push(account.to_owned());
        }
    }
    Ok(accounts)
}

/// Asks how much of what is private this account is shown.
pub fn level_reading(user: &str) -> Reading {
    let mut reading = Reading::new("sacctmgr", &["-nP", "show", "user", "format=adminlevel"]);
    reading.arguments.push(format!("name={user}"));
    reading
}

/// Whether the account is an operator or an administrator of Slurm; one that Slurm does not know is neither.
pub fn parse_level(answer: &[u8]) -> bool {
    matches!(text(answer).trim(), "Operator" | "Administrator")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("none", PrivateData::default())]
    #[case("jobs", PrivateData { jobs: true, ..PrivateData::default() })]
    #[case(
        "accounts,jobs,nodes,partitions,reservations,usage",
        PrivateData { jobs: true, nodes: true, partitions: true, reservations: true }
    )]
    fn private_data_is_read_from_the_configuration(#[case] value: &str, #[case] expected: PrivateData) {
        // As 22.05 prints it.
        let answer = format!(
            "Configuration data as of 2026-11-25T02:30:00\nPriorityWeightTRES      = (null)\n\
             PrivateData             = {value}\nProctrackType           = proctrack/linuxproc\n"
        );
        assert_eq!(parse(answer.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_configuration_without_it_is_no_permission() {
        assert!(parse(b"slurm_load_ctl_conf error: Unable to contact slurm controller\n").is_err());
    }

    #[test]
    fn a_coordinator_may_have_several_accounts() {
        let answer = b"bio|\nphysics|alice,bob\nsubphys|alice\n";
        let accounts = parse_coordinators(answer).unwrap();
        assert_eq!(
            (accounts["alice"].as_slice(), accounts["bob"].len()),
            (&["physics".into(), "subphys".into()][..], 1)
        );
        assert!(parse_coordinators(b"sacctmgr: error: no connection\n").is_err());
    }

    #[rstest]
    #[case("Operator\n", true)]
    #[case("Administrator\n", true)]
    #[case("None\n", false)]
    #[case("", false)]
    fn operators_are_shown_everything(#[case] answer: &str, #[case] shown: bool) {
        assert_eq!(parse_level(answer.as_bytes()), shown);
    }
}
