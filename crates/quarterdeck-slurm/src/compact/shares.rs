//! Accounts' shares of the cluster, what they used of them, and what is left of their limits, from sshare. Only
//! administrators write the names in it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Reading, text};
use crate::AnswerError;

const SSHARE: &str = "sshare";
const FIELDS: &str =
    "Account,User,RawShares,NormShares,RawUsage,EffectvUsage,FairShare,LevelFS,GrpTRESMins,GrpTRESRaw,TRESRunMins";

/// An account, or a user in one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    pub account: String,
    /// `None`: the account itself.
    pub user: Option<String>,
    /// The account above; of a user, the account.
    pub parent: Option<String>,
    /// `None`: as its parent has it.
    pub raw_shares: Option<u64>,
    /// Of the whole cluster, 0 to 1.
    pub share: Option<f64>,
    /// Seconds of what the site bills, the older the less (`PriorityDecayHalfLife`).
    pub raw_usage: Option<u64>,
    /// Of what its siblings and it used, 0 to 1.
    pub usage: Option<f64>,
    /// 0 to 1: what counts for a job's priority. Accounts have none.
    pub fair_share: Option<f64>,
    /// Above 1: used less than its share. `None` also where nothing was used yet.
    pub level: Option<f64>,
    pub limits: Vec<Balance>,
}

/// A limit of a trackable resource, in its minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// `cpu`, `gres/gpu`, `billing`.
    pub resource: String,
    pub limit_minutes: u64,
    /// The older the less, as the usage.
    pub used_minutes: u64,
    /// What running jobs may still use until their time limits.
    pub reserved_minutes: u64,
}

pub fn reading() -> Reading {
    let mut reading = Reading::new(SSHARE, &["--all", "--long", "--noheader", "--parsable2"]);
    reading.arguments.push(format!("--format={FIELDS}"));
    reading
}

/// Each line begins with as many spaces as accounts are above it.
pub fn parse(answer: &[u8]) -> Result<Vec<Share>, AnswerError> {
    let mut above: Vec<String> = Vec::new();
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.trim().is_empty());
    let read = lines.map(|line| {
        let short = || AnswerError::layout(SSHARE, "a line has not the fields asked for");
        let fields: Vec<&str> = line.split('|').collect();
        let [account, user, raw_shares, share, raw_usage, usage, fair_share, level, limits, used, running] =
            fields[..].try_into().map_err(|_| short())?;
        let depth = account.len() - account.trim_start().len();
        let account = account.trim().to_owned();
        let user = Some(user.trim()).filter(|user| !user.is_empty()).map(str::to_owned);
        above.truncate(depth);
        let parent = match &user {
            Some(_) => Some(account.clone()),
            None => {
                let parent = above.last().cloned();
                above.push(account.clone());
                parent
            }
        };
        Ok(Share {
            account,
            user,
            parent,
            raw_shares: raw_shares.trim().parse().ok(),
            share: number(share),
            raw_usage: raw_usage.trim().parse().ok(),
            usage: number(usage),
            fair_share: number(fair_share),
            level: number(level),
            limits: balances(limits, used, running),
        })
    });
    read.collect()
}

/// JSON knows no infinity: that is `None`.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn balances(limits: &str, used: &str, running: &str) -> Vec<Balance> {
    let (used, running) = (minutes(used), minutes(running));
    let of = |all: &BTreeMap<&str, u64>, name: &str| all.get(name).copied().unwrap_or(0);
    let limits = minutes(limits).into_iter().map(|(name, limit_minutes)| Balance {
        resource: name.to_owned(),
        limit_minutes,
        used_minutes: of(&used, name),
        reserved_minutes: of(&running, name),
    });
    limits.collect()
}

fn minutes(text: &str) -> BTreeMap<&str, u64> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(name, value)| Some((name, value.trim().parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As 22.05 prints it.
    const ANSWER: &str = "\
root|||0.000000|75|1.000000||||cpu=1|cpu=60
 root|root|1|0.200000|0|0.000000|1.000000|inf||cpu=0|cpu=0
 physics||1|0.200000|75|1.000000||0.200000|cpu=1000,gres/gpu=60|cpu=16,mem=616,gres/gpu=0|cpu=60,mem=6000,gres/gpu=0
  optics||parent|0.200000|75|1.000000||0.200000||cpu=16|cpu=60
   optics|alice|1|1.000000|75|1.000000|0.250000|1.000000||cpu=16|cpu=60
 bio||1|0.200000|0|0.000000||inf||cpu=0|cpu=0
";

    #[test]
    fn each_account_knows_the_one_above_it() {
        let shares = parse(ANSWER.as_bytes()).unwrap();
        let tree: Vec<_> = shares
            .iter()
            .map(|share| (share.account.as_str(), share.user.as_deref(), share.parent.as_deref()))
            .collect();
        let expected = [
            ("root", None, None),
            ("root", Some("root"), Some("root")),
            ("physics", None, Some("root")),
            ("optics", None, Some("physics")),
            ("optics", Some("alice"), Some("optics")),
            ("bio", None, Some("root")),
        ];
        assert_eq!(tree, expected);
        assert_eq!((shares[4].fair_share, shares[3].raw_shares, shares[5].level), (Some(0.25), None, None));
    }

    #[test]
    fn only_what_is_limited_has_a_balance() {
        let shares = parse(ANSWER.as_bytes()).unwrap();
        let balance = |resource: &str, limit_minutes, used_minutes, reserved_minutes| Balance {
            resource: resource.to_owned(),
            limit_minutes,
            used_minutes,
            reserved_minutes,
        };
        assert_eq!(shares[2].limits, [balance("cpu", 1000, 16, 60), balance("gres/gpu", 60, 0, 0)]);
        assert!(shares[4].limits.is_empty());
    }

    #[test]
    fn a_complaint_is_no_answer() {
        assert!(parse(b"Slurm accounting storage is disabled\n").is_err());
    }
}
