//! The accounts that a person may charge, the QOS that they allow, and what else a job may ask for: from the one reading
//! of each cluster.

pub(crate) mod api;

use std::collections::BTreeSet;

use quarterdeck_slurm::{Association, Qos};

use crate::access::{Actor, Role};
use crate::clusters::{Accounts, Cluster};

/// Her own associations; operators: everybody's.
pub fn visible<'a>(actor: &Actor, accounts: &'a Accounts) -> Vec<&'a Association> {
    match &actor.unix_user {
        _ if actor.role >= Role::Operator => accounts.all(),
        Some(user) => accounts.of(user).iter().collect(),
        None => Vec::new(),
    }
}

/// The QOS that she may ask for, each with her accounts that allow it; operators: all, with their own accounts.
pub fn visible_qos(actor: &Actor, accounts: &Accounts) -> Vec<(Qos, Vec<String>)> {
    let own = actor.unix_user.as_deref().map_or(&[][..], |user| accounts.of(user));
    let allowed_by = |qos: &Qos| -> Vec<String> {
        let allowing = own.iter().filter(|association| association.qos.contains(&qos.name));
        allowing.map(|association| association.account.clone()).collect::<BTreeSet<String>>().into_iter().collect()
    };
    let shown = accounts.qos.iter().map(|qos| (qos.clone(), allowed_by(qos)));
    shown.filter(|(_, allowing)| actor.role >= Role::Operator || !allowing.is_empty()).collect()
}

/// Whether jobs are taken with any account and QOS that exists: nothing is enforced, or nothing is known yet.
pub fn is_open(cluster: &Cluster) -> bool {
    let view = cluster.view();
    view.accounts_read.as_of.is_none() || !view.accounts.enforcement.accounts
}
