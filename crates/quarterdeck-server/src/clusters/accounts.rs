//! Reads once for everybody what changes when an administrator changes it: who may charge which account, the QOS, and
//! what else jobs may ask for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck_slurm::compact::associations::{self, Enforcement};
use quarterdeck_slurm::compact::{accounting, choices, privacy};
use quarterdeck_slurm::{AnswerError, Association, Feature, Gres, License, Qos};

use super::slurm::Commands;
use super::{Cluster, Freshness};
use crate::app::App;

const EVERY: Duration = Duration::from_secs(60);

/// What slurmdbd says of accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    pub enforcement: Enforcement,
    /// Each user's.
    associations: HashMap<String, Vec<Association>>,
    defaults: HashMap<String, String>,
    pub qos: Vec<Qos>,
}

impl Accounts {
    pub fn of(&self, user: &str) -> &[Association] {
        self.associations.get(user).map_or(&[], Vec::as_slice)
    }

    /// By user.
    pub fn all(&self) -> Vec<&Association> {
        let mut all: Vec<&Association> = self.associations.values().flatten().collect();
        all.sort_by_key(|association| (&association.user, &association.account, &association.partition));
        all
    }

    /// The account that is charged where a job of hers names none.
    pub fn default_of(&self, user: &str) -> Option<&str> {
        self.defaults.get(user).map(String::as_str)
    }
}

/// What else a job may ask for.
#[derive(Debug, Default)]
pub struct Choices {
    pub features: Vec<Feature>,
    pub gres: Vec<Gres>,
    pub licenses: Vec<License>,
}

pub(super) async fn watch(app: &App, cluster: &Cluster, commands: &Commands) {
    loop {
        let asked = app.clock.now();
        let choices = read_choices(commands).await;
        note(cluster, "features and licences", &choices);
        cluster.change(|view| match choices {
            Ok(choices) => {
                view.choices = Arc::new(choices);
                view.choices_read.read(asked, None);
            }
            Err(reason) => drop(view.choices_read.fail(reason)),
        });
        let accounts = read_accounts(app, cluster, commands).await;
        note(cluster, "accounts", &accounts);
        cluster.change(|view| match accounts {
            Ok(accounts) => {
                view.accounts = Arc::new(accounts);
                view.accounts_read.read(asked, None);
            }
            Err(reason) => drop(view.accounts_read.fail(reason)),
        });
        let known = |freshness: &Freshness| freshness.as_of.is_some();
        let view = cluster.view();
        let all_known = known(&view.choices_read) && known(&view.accounts_read);
        tokio::time::sleep(if all_known { EVERY } else { commands.poll }).await;
    }
}

fn note<T>(cluster: &Cluster, what: &str, outcome: &Result<T, String>) {
    if let Err(reason) = outcome {
        tracing::warn!(cluster = %cluster.name, %reason, "the {what} could not be read");
    }
}

async fn read_choices(commands: &Commands) -> Result<Choices, String> {
    let (nodes, licenses) = (choices::nodes_reading(), choices::licenses_reading());
    let (nodes, licenses) = tokio::try_join!(commands.run(&nodes), commands.run(&licenses))?;
    let (features, gres) = choices::parse_nodes(&nodes).map_err(broken)?;
    Ok(Choices { features, gres, licenses: choices::parse_licenses(&licenses).map_err(broken)? })
}

async fn read_accounts(app: &App, cluster: &Cluster, commands: &Commands) -> Result<Accounts, String> {
    let configuration = commands.run(&privacy::reading()).await?;
    if !accounting::is_kept(&configuration) {
        return Ok(Accounts::default());
    }
    let enforcement = associations::enforcement(&configuration);
    let asked = app.clock.now();
    // One after the other: each is a connection to slurmdbd.
    let answers = async {
        let list = commands.run(&associations::reading()).await?;
        let defaults = commands.run(&associations::defaults_reading()).await?;
        let qos = commands.run(&associations::qos_reading()).await?;
        Ok((list, defaults, qos))
    };
    let (list, defaults, qos) = cluster.heard_accounting(&app.live, asked, answers.await)?;
    let mut by_user: HashMap<String, Vec<Association>> = HashMap::new();
    for association in associations::parse(&list, &enforcement.cluster).map_err(broken)? {
        by_user.entry(association.user.clone()).or_default().push(association);
    }
    let defaults = associations::parse_defaults(&defaults).map_err(broken)?.into_iter().collect();
    let qos = associations::parse_qos(&qos).map_err(broken)?;
    Ok(Accounts { enforcement, associations: by_user, defaults, qos })
}

fn broken(error: AnswerError) -> String {
    error.to_string()
}
