//! Fair share and balances of accounts: read from Slurm when somebody asks, once for all within a minute.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck_slurm::compact::shares::Share;

use super::{Cluster, Commands, Freshness, Scheduler, Sight};
use crate::access::Actor;
use crate::app::App;

/// Slurm itself reckons them anew every five minutes (`PriorityCalcPeriod`).
const GOOD_FOR: Duration = Duration::from_secs(60);
/// A Slurm that does not answer is asked again after this.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// The last reading.
#[derive(Default)]
pub(super) struct Shares(tokio::sync::Mutex<Last>);

#[derive(Default)]
struct Last {
    due: Option<Instant>,
    shares: Arc<Vec<Share>>,
    freshness: Freshness,
}

impl Cluster {
    /// The accounts that this person may know of: her own with those above them, all of those that she coordinates; of
    /// operators, all.
    pub async fn shares_for(&self, app: &App, actor: &Actor) -> (Vec<Share>, Freshness) {
        let Scheduler::Slurm(commands) = &self.scheduler else { return (Vec::new(), self.view().jobs) };
        let (all, freshness) = commands.shares(app).await;
        let sight = match self.sight_of(actor) {
            // That jobs are public says nothing of accounts.
            Sight::All if actor.role < crate::access::Role::Operator => {
                Sight::Some { user: actor.unix_user.clone(), accounts: self.coordinated_by(actor) }
            }
            sight => sight,
        };
        (shown(&all, &sight), freshness)
    }
}

impl Commands {
    async fn shares(&self, app: &App) -> (Arc<Vec<Share>>, Freshness) {
        let mut last = self.shares.0.lock().await;
        if last.due.is_none_or(|due| Instant::now() >= due) {
            let asked = app.clock.now();
            last.due = match self.read_shares().await {
                Ok(shares) => {
                    last.shares = Arc::new(shares);
                    last.freshness.read(asked, None);
                    Some(Instant::now() + GOOD_FOR)
                }
                Err(reason) => {
                    if last.freshness.fail(reason.clone()) {
                        tracing::warn!(%reason, "the accounts' shares could not be read");
                    }
                    Some(Instant::now() + AFTER_FAILURE)
                }
            };
        }
        (last.shares.clone(), last.freshness.clone())
    }
}

fn shown(all: &[Share], sight: &Sight) -> Vec<Share> {
    let Sight::Some { user, accounts } = sight else { return all.to_vec() };
    let is_own = |share: &Share| user.is_some() && share.user == *user;
    let coordinates = |share: &Share| accounts.contains(&share.account);
    let mut above: Vec<&str> = Vec::new();
    for share in all.iter().filter(|share| is_own(share) || coordinates(share)) {
        let mut account = Some(share.account.as_str());
        while let Some(name) = account.filter(|name| !above.contains(name)) {
            above.push(name);
            let own_row = all.iter().find(|share| share.user.is_none() && share.account == name);
            account = own_row.and_then(|row| row.parent.as_deref());
        }
    }
    let is_above = |share: &Share| share.user.is_none() && above.contains(&share.account.as_str());
    all.iter().filter(|share| is_own(share) || coordinates(share) || is_above(share)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use quarterdeck_slurm::compact::shares;
    use rstest::rstest;

    use super::*;

    /// physics has optics below it, where alice and bob are; bob is in bio too.
    const ANSWER: &str = "\
root|||0|0|1|||||
 physics||1|0|0|1|||||
  optics||1|0|0|1|||||
   optics|alice|1|0|0|1|1|1|||
   optics|bob|1|0|0|1|1|1|||
 bio||1|0|0|1|||||
  bio|bob|1|0|0|1|1|1|||
";

    #[rstest]
    #[case(Some("alice"), &[], &["root", "physics", "optics", "optics/alice"])]
    #[case(Some("bob"), &[], &["root", "physics", "optics", "optics/bob", "bio", "bio/bob"])]
    #[case(Some("alice"), &["optics"], &["root", "physics", "optics", "optics/alice", "optics/bob"])]
    #[case(Some("carol"), &[], &[])]
    #[case(None, &[], &[])]
    fn one_sees_her_own_and_what_is_above(
        #[case] user: Option<&str>,
        #[case] coordinated: &[&str],
        #[case] expected: &[&str],
    ) {
        let accounts = coordinated.iter().map(|&account| account.to_owned()).collect();
        let sight = Sight::Some { user: user.map(str::to_owned), accounts };
        let all = shares::parse(ANSWER.as_bytes()).unwrap();
        let name = |share: &Share| match &share.user {
            Some(user) => format!("{}/{user}", share.account),
            None => share.account.clone(),
        };
        let seen: Vec<String> = shown(&all, &sight).iter().map(name).collect();
        assert_eq!(seen, expected);
        assert_eq!(shown(&all, &Sight::All).len(), all.len());
    }
}
