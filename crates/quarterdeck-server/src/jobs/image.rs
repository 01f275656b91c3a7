//! The image that a job runs in: which it is, on which nodes it lies, and whether it fits what the job asks for.

use std::collections::{BTreeMap, BTreeSet};

use quarterdeck_slurm::{Node, node_list};

use super::{Error, ImageChoice, Resources};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::{Cluster, Scheduler};
use crate::images::{self, ContainerCommand, GpuMaker, Image, Need};
use crate::problem::FieldError;

/// Nodes of which it is asked how they are built: those of one partition are seldom different.
const NODES_ASKED: usize = 3;

pub(super) struct Chosen {
    pub name: String,
    pub command: ContainerCommand,
    /// Nodes that do not have it, as `--exclude` takes them.
    pub exclude: Option<String>,
    pub warnings: Vec<FieldError>,
}

/// What the job asks for, as far as it concerns its image.
pub(super) struct Asked<'a> {
    /// The form's, and the template's where the form says nothing.
    pub resources: &'a Resources,
    /// `--partition`, `--nodelist` and GPUs of the person's own script.
    pub script: Option<&'a quarterdeck_slurm::script::BatchScript>,
    /// Absolute; the job begins there.
    pub directory: &'a str,
}

/// The image, and how the job starts it. What is wrong with the choice is added to `errors`.
pub(super) async fn choose(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    choice: &ImageChoice,
    asked: &Asked<'_>,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Chosen>, Error> {
    let mut image = match images::find(app, actor, choice.id).await {
        Ok(image) => image,
        Err(images::Error::Db(error)) => return Err(error.into()),
        Err(_) => {
            errors.push(FieldError::new("/image/id", "no-such-image", "There is no such image: choose another."));
            return Ok(None);
        }
    };
    if image.state == images::State::Inactive {
        let detail = format!("The image {} was removed from {}: choose another.", image.name, image.path);
        let gone = FieldError::new("/image/id", "image-gone", detail);
        errors.push(gone.with("image", image.name).with("path", image.path));
        return Ok(None);
    }
    let Some(Reach { nodes, exclude, mut warnings }) = reach(app, cluster, &mut image, asked, errors).await? else {
        return Ok(None);
    };
    let asks_gpus = asked.asks_gpus();
    if images::standing(app, &image).await? == Some(images::Standing::Bad) {
        warnings.push(bad_signature(&image));
    }
    warnings.extend(without_gpu(&image, asks_gpus));
    warnings.extend(other_architecture(cluster, &image, &nodes).await);
    let gpus = asks_gpus.then_some(if image.needs.contains(&Need::AmdGpu) { GpuMaker::Amd } else { GpuMaker::Nvidia });
    match images::container_command(&app.config.images, &image, choice.app.as_deref(), gpus, asked.directory) {
        Ok(command) => Ok(Some(Chosen { name: image.name, command, exclude, warnings })),
        Err(error) => {
            errors.push(error);
            Ok(None)
        }
    }
}

/// Where the job may run because of its image.
#[derive(Default)]
struct Reach {
    nodes: Vec<String>,
    exclude: Option<String>,
    warnings: Vec<FieldError>,
}

/// The nodes of the job's partitions that have the image, which gets the path that it has there; `None` where none has.
async fn reach(
    app: &App,
    cluster: &Cluster,
    image: &mut Image,
    asked: &Asked<'_>,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Reach>, Error> {
    let partitions = asked.partitions(cluster);
    let nodes = nodes_of(cluster, &partitions);
    // Of Slurm that was not read yet nothing is known.
    if matches!(cluster.scheduler, Scheduler::Local) || nodes.is_empty() {
        return Ok(Some(Reach { nodes, ..Reach::default() }));
    }
    let Some(places) = images::on_nodes(app, image, &cluster.name).await? else {
        return Ok(Some(Reach { nodes, ..Reach::default() }));
    };
    let Some((path, holders)) = held(&nodes, &places) else {
        let all: Vec<&str> = places.iter().map(|(node, _)| node.as_str()).collect();
        errors.push(nowhere(image, &partitions, &all));
        return Ok(None);
    };
    image.path = path;
    errors.extend(asked.fits_on(image, &holders));
    let others: Vec<&str> = nodes.iter().map(String::as_str).filter(|node| !holders.contains(*node)).collect();
    if others.is_empty() {
        return Ok(Some(Reach { nodes, ..Reach::default() }));
    }
    Ok(Some(Reach {
        exclude: Some(node_list::compress(&others)),
        warnings: vec![on_some(image, holders.len(), nodes.len())],
        nodes: holders.into_iter().collect(),
    }))
}

impl Asked<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        self.script?.option(name)
    }

    /// Those where the job may run; Slurm takes several.
    fn partitions(&self, cluster: &Cluster) -> Vec<String> {
        let asked = self.resources.partition.as_deref().or_else(|| self.option("partition"));
        match asked {
            Some(list) => list.split(',').map(str::to_owned).collect(),
            None => {
                let view = cluster.view();
                let default = view.partitions.iter().filter(|partition| partition.is_default);
                default.map(|partition| partition.name.clone()).collect()
            }
        }
    }

    fn asks_gpus(&self) -> bool {
        let of_script = || self.script.and_then(|script| script.resources().ok()).and_then(|asked| asked.gpus);
        match &self.resources.gpus {
            Some(gpus) => gpus.count > 0,
            None => of_script().is_some_and(|gpus| gpus.count > 0),
        }
    }

    /// Nodes that are asked for by name, and how many there must be.
    fn fits_on(&self, image: &Image, holders: &BTreeSet<String>) -> Option<FieldError> {
        let named = self.option("nodelist").and_then(node_list::expand).unwrap_or_default();
        if let Some(node) = named.iter().find(|node| !holders.contains(*node)) {
            let detail = format!("The image {} does not lie on {node}: ask for another node.", image.name);
            let error = FieldError::new("/script", "image-not-on-node", detail);
            return Some(error.with("image", image.name.as_str()).with("node", node.as_str()));
        }
        let nodes = self.resources.nodes?;
        if usize::try_from(nodes).is_ok_and(|nodes| nodes <= holders.len()) {
            return None;
        }
        let detail =
            format!("The image {} lies on {} nodes of the partition: ask for fewer.", image.name, holders.len());
        let error = FieldError::new("/resources/nodes", "image-on-too-few-nodes", detail);
        Some(error.with("image", image.name.as_str()).with("count", holders.len()))
    }
}

/// Names of the nodes of these partitions; of all, where it is not known which partition is meant.
fn nodes_of(cluster: &Cluster, partitions: &[String]) -> Vec<String> {
    let is_of = |node: &&Node| partitions.is_empty() || node.partitions.iter().any(|one| partitions.contains(one));
    cluster.view().node_list.iter().filter(is_of).map(|node| node.name.clone()).collect()
}

/// The path at which most of these nodes have the image, and which do.
fn held(nodes: &[String], places: &[(String, String)]) -> Option<(String, BTreeSet<String>)> {
    let nodes: BTreeSet<&String> = nodes.iter().collect();
    let mut holders: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (node, path) in places.iter().filter(|(node, _)| nodes.contains(node)) {
        holders.entry(path).or_default().insert(node.clone());
    }
    // Of those that as many have the first by name, so that it is always the same one.
    let most = holders.into_iter().rev().max_by_key(|(_, holders)| holders.len());
    most.map(|(path, holders)| (path.clone(), holders))
}

fn nowhere(image: &Image, partitions: &[String], nodes: &[&str]) -> FieldError {
    let (partition, nodes) = (partitions.join(", "), node_list::compress(nodes));
    let detail = format!(
        "The image {} lies on no node of the partition {partition}, but on {nodes}: choose another image or partition.",
        image.name
    );
    let error = FieldError::new("/image/id", "image-on-no-node", detail);
    error.with("image", image.name.as_str()).with("partition", partition).with("nodes", nodes)
}

fn on_some(image: &Image, count: usize, of: usize) -> FieldError {
    let detail = format!("The image {} lies on {count} of {of} nodes: the job runs on those.", image.name);
    let warning = FieldError::new("/image/id", "image-on-some-nodes", detail);
    warning.with("image", image.name.as_str()).with("count", count).with("of", of)
}

fn bad_signature(image: &Image) -> FieldError {
    let detail =
        format!("The image {} was changed after it was signed: choose another, or ask an administrator.", image.name);
    FieldError::new("/image/id", "image-signature-bad", detail).with("image", image.name.as_str())
}

fn without_gpu(image: &Image, asks_gpus: bool) -> Option<FieldError> {
    let wants = image.needs.iter().any(|need| matches!(need, Need::NvidiaGpu | Need::AmdGpu));
    let detail = format!("The image {} is made for GPUs, and the job asks for none.", image.name);
    let warning = FieldError::new("/image/id", "image-wants-gpus", detail).with("image", image.name.as_str());
    (wants && !asks_gpus).then_some(warning)
}

/// Where nodes are built for other programs than the image's.
async fn other_architecture(cluster: &Cluster, image: &Image, nodes: &[String]) -> Option<FieldError> {
    let wanted = as_the_kernel_says(image.architecture.as_deref()?);
    let mut found = BTreeSet::new();
    match &cluster.scheduler {
        Scheduler::Local => drop(found.insert(std::env::consts::ARCH.to_owned())),
        Scheduler::Slurm(commands) => {
            let step = nodes.len().div_ceil(NODES_ASKED).max(1);
            for node in nodes.iter().step_by(step) {
                found.extend(commands.architecture(node).await);
            }
        }
    }
    let others: Vec<&str> = found.iter().map(String::as_str).filter(|found| *found != wanted).collect();
    if others.is_empty() {
        return None;
    }
    let (code, who) = match others.len() == found.len() {
        true => ("image-of-other-architecture", "the nodes have"),
        false => ("image-of-other-architecture-for-some", "some nodes have"),
    };
    let others = others.join(", ");
    let detail =
        format!("The image {} is for {wanted}, and {who} {others}: choose another image or partition.", image.name);
    let warning = FieldError::new("/image/id", code, detail);
    Some(warning.with("image", image.name.as_str()).with("architecture", wanted).with("others", others))
}

/// Images name architectures as Go does, nodes as the kernel.
fn as_the_kernel_says(architecture: &str) -> &str {
    match architecture {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "386" => "i686",
        other => other,
    }
}

#[cfg(test)]
mod tests;
