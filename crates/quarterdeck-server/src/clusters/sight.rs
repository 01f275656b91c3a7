//! Who may see what of a cluster, as Slurm itself has it: its `PrivateData`, and the coordinators of its accounts.

use std::collections::HashMap;

use quarterdeck_slurm::compact::privacy::PrivateData;

use super::Cluster;
use crate::access::{Actor, Role};

/// What the site shows to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    pub data: PrivateData,
    /// The accounts that each Unix user coordinates.
    pub coordinators: HashMap<String, Vec<String>>,
    /// Why the server's own account is not shown everybody's jobs, where they are private.
    pub blind: Option<String>,
}

/// Whose jobs somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    All,
    /// This Unix user's, and those of these accounts.
    Some {
        user: Option<String>,
        accounts: Vec<String>,
    },
}

impl Sight {
    pub fn covers(&self, user: &str, account: Option<&str>) -> bool {
        match self {
            Sight::All => true,
            Sight::Some { user: own, accounts } => {
                own.as_deref() == Some(user)
                    || account.is_some_and(|account| accounts.iter().any(|name| name == account))
            }
        }
    }
}

impl Cluster {
    /// Whose jobs this person may see. Operators of the portal see all.
    pub fn sight_of(&self, actor: &Actor) -> Sight {
        if actor.role >= Role::Operator { Sight::All } else { self.own_sight_of(actor) }
    }

    /// Whose jobs she would see without being an operator.
    pub fn own_sight_of(&self, actor: &Actor) -> Sight {
        let privacy = self.view().privacy;
        if privacy.is_some_and(|privacy| !privacy.data.jobs) {
            return Sight::All;
        }
        Sight::Some { user: actor.unix_user.clone(), accounts: self.coordinated_by(actor) }
    }

    /// The accounts whose jobs this person may act on, as their coordinator.
    pub fn coordinated_by(&self, actor: &Actor) -> Vec<String> {
        let (Some(privacy), Some(user)) = (self.view().privacy, &actor.unix_user) else { return Vec::new() };
        privacy.coordinators.get(user).cloned().unwrap_or_default()
    }

    /// Nodes are read after it is known whether they are private.
    pub fn shows_nodes_to(&self, actor: &Actor) -> bool {
        actor.role >= Role::Operator || self.view().privacy.is_none_or(|privacy| !privacy.data.nodes)
    }

    /// Slurm shows who may use a private reservation that one; here they are for operators alone.
    pub fn shows_reservations_to(&self, actor: &Actor) -> bool {
        actor.role >= Role::Operator || self.view().privacy.is_none_or(|privacy| !privacy.data.reservations)
    }

    pub fn shows_partitions_to(&self, actor: &Actor) -> bool {
        actor.role >= Role::Operator || self.view().privacy.is_none_or(|privacy| !privacy.data.partitions)
    }
}
