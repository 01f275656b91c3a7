//! Whether the cluster has what a job asks for, and gives it to this person: told before the scheduler refuses it.

use std::collections::BTreeSet;

use quarterdeck_slurm::{Association, Partition};

use super::Resources;
use crate::access::Actor;
use crate::accounts;
use crate::clusters::{Cluster, View};
use crate::problem::FieldError;

/// Names each field that asks for what is not there. What has not been read yet is not judged.
pub(super) fn check(cluster: &Cluster, actor: &Actor, resources: &Resources, errors: &mut Vec<FieldError>) {
    let view = cluster.view();
    check_partition(&view, resources, errors);
    check_account(cluster, &view, actor, resources, errors);
    check_reservation(cluster, &view, actor, resources, errors);
    check_features(&view, resources, errors);
    check_devices(&view, resources, errors);
    check_licenses(&view, resources, errors);
}

fn wrong(field: &str, code: &'static str, detail: String) -> FieldError {
    FieldError::new(format!("/resources/{field}"), code, detail)
}

fn check_partition(view: &View, resources: &Resources, errors: &mut Vec<FieldError>) {
    let (Some(asked), false) = (&resources.partition, view.partitions.is_empty()) else { return };
    for name in asked.split(',') {
        match view.partitions.iter().find(|partition| partition.name == name) {
            Some(partition) => check_limits(partition, resources, errors),
            None => {
                let detail = format!("There is no partition \"{name}\": choose another.");
                errors.push(wrong("partition", "no-such-partition", detail).with("partition", name));
            }
        }
    }
}

fn check_limits(partition: &Partition, resources: &Resources, errors: &mut Vec<FieldError>) {
    let name = partition.name.as_str();
    if let (Some(limit), Some(asked)) = (partition.time_limit_minutes, resources.time_limit_minutes)
        && asked > limit
    {
        let detail = format!("Partition {name} accepts at most {limit} minutes: choose a shorter time limit.");
        let error = wrong("time_limit_minutes", "over-partition-limit", detail);
        errors.push(error.with("partition", name).with("limit_minutes", limit));
    }
    let most_nodes = partition.max_nodes.map_or(partition.nodes, |most| most.min(partition.nodes));
    if let Some(asked) = resources.nodes.filter(|asked| *asked > most_nodes && most_nodes > 0) {
        let detail = format!("Partition {name} gives a job at most {most_nodes} nodes, not {asked}: ask for fewer.");
        errors.push(wrong("nodes", "over-partition-nodes", detail).with("partition", name).with("limit", most_nodes));
    }
    if let (Some(limit), Some(asked)) = (partition.max_cpus_per_node, resources.cpus_per_task)
        && asked > limit
    {
        let detail = format!("Partition {name} gives a job at most {limit} CPUs on a node: ask for fewer.");
        errors.push(wrong("cpus_per_task", "over-partition-cpus", detail).with("partition", name).with("limit", limit));
    }
    if let (Some(limit), Some(asked)) = (partition.max_memory_mib_per_node, resources.memory_mib)
        && asked > limit
    {
        let detail = format!("Partition {name} gives a job at most {limit} MiB on a node: ask for less.");
        let error = wrong("memory_mib", "over-partition-memory", detail);
        errors.push(error.with("partition", name).with("limit_mib", limit));
    }
}

fn check_account(cluster: &Cluster, view: &View, actor: &Actor, resources: &Resources, errors: &mut Vec<FieldError>) {
    if accounts::is_open(cluster) {
        return;
    }
    let accounts = &view.accounts;
    let own = accounts.of(actor.unix_user.as_deref().unwrap_or_default());
    // Slurm takes an account's name in either case.
    let is_asked = |association: &&Association| match &resources.account {
        Some(account) => association.account.eq_ignore_ascii_case(account),
        None => true,
    };
    if let Some(account) = resources.account.as_deref().filter(|_| !own.iter().any(|known| is_asked(&known))) {
        let detail = format!("You may not charge the account \"{account}\": choose another.");
        errors.push(wrong("account", "no-such-account", detail).with("account", account));
    }
    for name in resources.qos.iter().flat_map(|list| list.split(',')) {
        if !accounts.qos.iter().any(|qos| qos.name == name) {
            let detail = format!("There is no QOS \"{name}\": choose another.");
            errors.push(wrong("qos", "no-such-qos", detail).with("qos", name));
            continue;
        }
        let allowing: BTreeSet<&str> = own
            .iter()
            .filter(is_asked)
            .filter(|association| association.qos.iter().any(|qos| qos == name))
            .map(|association| association.account.as_str())
            .collect();
        if accounts.enforcement.qos && allowing.is_empty() && own.iter().any(|known| is_asked(&known)) {
            let account = resources.account.as_deref().unwrap_or("your accounts");
            let detail = format!("The QOS \"{name}\" is not allowed for {account}: choose another.");
            errors.push(wrong("qos", "qos-not-allowed", detail).with("qos", name));
        }
    }
}

fn check_reservation(
    cluster: &Cluster,
    view: &View,
    actor: &Actor,
    resources: &Resources,
    errors: &mut Vec<FieldError>,
) {
    // One that is hidden from her may be hers all the same.
    let (Some(asked), Some(_), true) =
        (&resources.reservation, view.reservations.as_of, cluster.shows_reservations_to(actor))
    else {
        return;
    };
    if !asked.split(',').all(|name| view.reservation_list.iter().any(|known| known.name == name)) {
        let detail = format!("There is no reservation \"{asked}\" now: choose another.");
        errors.push(wrong("reservation", "no-such-reservation", detail).with("reservation", asked.as_str()));
    }
}

fn check_features(view: &View, resources: &Resources, errors: &mut Vec<FieldError>) {
    let (Some(asked), Some(_)) = (&resources.features, view.choices_read.as_of) else { return };
    for word in asked.split(['&', '|', ',', '(', ')', '[', ']', '!']) {
        // `rack1*2`: of so many nodes.
        let name = word.split('*').next().unwrap_or(word);
        if name.is_empty() || view.choices.features.iter().any(|feature| feature.name == name) {
            continue;
        }
        let detail = format!("No node has the feature \"{name}\": choose another.");
        errors.push(wrong("features", "no-such-feature", detail).with("feature", name));
    }
}

fn check_devices(view: &View, resources: &Resources, errors: &mut Vec<FieldError>) {
    if view.choices_read.as_of.is_none() {
        return;
    }
    let known = &view.choices.gres;
    let fits = |name: &str, kind: Option<&str>, count: u32| {
        let of_name = known.iter().filter(|gres| gres.name == name);
        of_name.filter(|gres| kind.is_none() || gres.kind.as_deref() == kind).any(|gres| gres.most_per_node >= count)
    };
    let exists = |name: &str, kind: Option<&str>| fits(name, kind, 0);
    if let Some(gpus) = &resources.gpus {
        let kind = gpus.model.as_deref();
        if !exists("gpu", kind) {
            let (what, code) = match kind {
                Some(kind) => (format!("No node has GPUs of the type {kind}"), "no-such-gpu"),
                None => ("No node has GPUs".to_owned(), "no-gpus"),
            };
            let error = wrong("gpus", code, format!("{what}: choose another."));
            errors.push(error.with("gpu", kind.unwrap_or_default()));
        } else if !fits("gpu", kind, gpus.count) {
            let detail = format!("No node has {} of these GPUs: ask for fewer.", gpus.count);
            errors.push(wrong("gpus", "too-many-gpus", detail).with("count", gpus.count));
        }
    }
    for entry in resources.gres.iter().flat_map(|list| list.split(',')) {
        let words: Vec<&str> = entry.split(':').collect();
        let (count, words) = match words.as_slice() {
            [words @ .., last] if !words.is_empty() && last.parse::<u32>().is_ok() => {
                (last.parse().unwrap_or(1), words)
            }
            words => (1, words),
        };
        let (name, kind) = (words.first().copied().unwrap_or_default(), words.get(1).copied());
        if name == "gpu" {
            let detail = "Ask for GPUs in their own field.".to_owned();
            errors.push(wrong("gres", "gpus-apart", detail));
        } else if !exists(name, kind) {
            let detail = format!("No node has the device \"{entry}\": choose another.");
            errors.push(wrong("gres", "no-such-gres", detail).with("gres", entry));
        } else if !fits(name, kind, count) {
            let detail = format!("No node has so many: \"{entry}\". Ask for fewer.");
            errors.push(wrong("gres", "too-many-gres", detail).with("gres", entry));
        }
    }
}

fn check_licenses(view: &View, resources: &Resources, errors: &mut Vec<FieldError>) {
    let (Some(asked), Some(_)) = (&resources.licenses, view.choices_read.as_of) else { return };
    for entry in asked.split([',', ';', '|']) {
        let (name, count) = entry.split_once([':', '*']).unwrap_or((entry, "1"));
        let Some(license) = view.choices.licenses.iter().find(|license| license.name == name) else {
            let detail = format!("There is no licence \"{name}\": choose another.");
            errors.push(wrong("licenses", "no-such-license", detail).with("license", name));
            continue;
        };
        if count.parse::<u32>().is_ok_and(|count| count > license.total) {
            let detail = format!("There are only {} licences of {name}: ask for fewer.", license.total);
            let error = wrong("licenses", "too-many-licenses", detail);
            errors.push(error.with("license", name).with("limit", license.total));
        }
    }
}
