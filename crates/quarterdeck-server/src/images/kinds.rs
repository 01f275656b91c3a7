//! What an image is for: as its author says, else as the site rules, else as its names and what is in it hint.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::config::KindOf;
use crate::images::needs::Need;
use crate::images::{Kind, read::name_of};

/// The label by which an image's author says what kind it is.
const KIND_LABEL: &str = "org.quarterdeck.kind";
/// Programs that show something, as words in an image's name.
const VIZ_WORDS: [&str; 11] =
    ["paraview", "visit", "vmd", "ovito", "novnc", "vnc", "pymol", "vtk", "chimerax", "viz", "visualization"];
/// Labels that hold a name rather than a description.
const NAME_LABELS: [&str; 4] = ["org.opencontainers.image.title", "org.label-schema.name", "Name", "name"];

/// The site's rules, the first that fits counts.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<(Rule, Kind)>);

#[derive(Debug)]
enum Rule {
    Beneath(PathBuf),
    On(HashSet<String>),
}

/// What an image says that hints at its kind.
pub(super) struct Hints<'a> {
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) apps: &'a [String],
    pub(super) needs: &'a [Need],
    /// Whose own it is.
    pub(super) owner: Option<&'a str>,
}

impl Kinds {
    /// As configured, with the nodes that the partitions have now.
    pub(super) fn of(app: &App) -> Kinds {
        let nodes_of = |partition: &String| {
            let views = app.clusters.all().iter().map(|cluster| cluster.view());
            let nodes = views.flat_map(|view| {
                let there = view.node_list.iter().filter(|node| node.partitions.contains(partition));
                there.map(|node| node.name.clone()).collect::<Vec<_>>()
            });
            nodes.collect()
        };
        let rules = app.config.images.kinds.iter().map(|rule| match &rule.of {
            KindOf::Directory(directory) => (Rule::Beneath(directory.clone()), rule.kind),
            KindOf::Partition(partition) => (Rule::On(nodes_of(partition)), rule.kind),
        });
        Kinds(rules.collect())
    }

    /// The kind of an image that lies on this host, at this path.
    pub(super) fn kind(&self, host: &str, path: &str, hints: &Hints<'_>) -> Kind {
        if let Some(kind) = hints.labels.get(KIND_LABEL).and_then(|label| Kind::parse(label.trim())) {
            return kind;
        }
        let fits = |rule: &Rule| match rule {
            Rule::Beneath(directory) => Path::new(path).starts_with(directory),
            Rule::On(nodes) => nodes.contains(host),
        };
        if hints.owner.is_none()
            && let Some((_, kind)) = self.0.iter().find(|(rule, _)| fits(rule))
        {
            return *kind;
        }
        let mut directories = Path::new(path).parent().into_iter().flat_map(Path::components);
        let is_somebodys = hints.owner.is_some() || path.starts_with("/home/");
        if is_somebodys || directories.any(|directory| directory.as_os_str() == "custom") {
            return Kind::Custom;
        }
        if hints.needs.contains(&Need::Display) || is_named_for_showing(path, hints) {
            Kind::Viz
        } else {
            Kind::Compute
        }
    }
}

fn is_named_for_showing(path: &str, hints: &Hints<'_>) -> bool {
    let name = name_of(path);
    let labelled = NAME_LABELS.iter().filter_map(|label| hints.labels.get(*label)).map(String::as_str);
    let names = labelled.chain(hints.apps.iter().map(String::as_str)).chain([name.as_str()]);
    let mut words = names.flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
    words.any(|word| VIZ_WORDS.iter().any(|viz| viz.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn kind(kinds: &Kinds, host: &str, path: &str, labels: &[(&str, &str)], needs: &[Need]) -> Kind {
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        kinds.kind(host, path, &Hints { labels: &labels, apps: &[], needs, owner: None })
    }

    #[rstest]
    #[case::authors_word("/images/paraview.sif", &[("org.quarterdeck.kind", "compute")], Kind::Compute)]
    #[case::authors_word_before_the_directory("/images/custom/a.sif", &[("org.quarterdeck.kind", "viz")], Kind::Viz)]
    #[case::unknown_word("/images/a.sif", &[("org.quarterdeck.kind", "toy")], Kind::Compute)]
    #[case::custom("/images/custom/alice/paraview.sif", &[], Kind::Custom)]
    #[case::home("/home/alice/a.sif", &[], Kind::Custom)]
    #[case::name("/images/ParaView_5.11.sif", &[], Kind::Viz)]
    #[case::title("/images/a.sif", &[("org.opencontainers.image.title", "noVNC desktop")], Kind::Viz)]
    #[case::a_word_within_another("/images/revisited.sif", &[], Kind::Compute)]
    #[case::a_description("/images/a.sif", &[("org.opencontainers.image.description", "visit us")], Kind::Compute)]
    fn an_images_kind_is_told_from(#[case] path: &str, #[case] labels: &[(&str, &str)], #[case] expected: Kind) {
        assert_eq!(kind(&Kinds::default(), "c1", path, labels, &[]), expected);
    }

    #[test]
    fn what_is_in_it_tells_where_nothing_else_does() {
        assert_eq!(kind(&Kinds::default(), "c1", "/images/a.sif", &[], &[Need::Display]), Kind::Viz);
        assert_eq!(kind(&Kinds::default(), "c1", "/images/a.sif", &[], &[Need::Mpi, Need::NvidiaGpu]), Kind::Compute);
    }

    #[test]
    fn the_sites_first_rule_that_fits_counts_but_for_the_authors_word_and_peoples_own() {
        let beneath = |directory: &str| Rule::Beneath(directory.into());
        let kinds = Kinds(vec![
            (beneath("/images/viz/old"), Kind::Compute),
            (beneath("/images/viz"), Kind::Viz),
            (Rule::On(HashSet::from(["v1".to_owned()])), Kind::Viz),
        ]);
        assert_eq!(kind(&kinds, "c1", "/images/viz/old/a.sif", &[], &[]), Kind::Compute);
        assert_eq!(kind(&kinds, "c1", "/images/viz/a.sif", &[], &[]), Kind::Viz);
        assert_eq!(kind(&kinds, "c1", "/images/vizier.sif", &[], &[]), Kind::Compute);
        assert_eq!(kind(&kinds, "v1", "/local/a.sif", &[], &[]), Kind::Viz);
        assert_eq!(kind(&kinds, "v1", "/local/a.sif", &[("org.quarterdeck.kind", "custom")], &[]), Kind::Custom);
        let own = Hints { labels: &BTreeMap::new(), apps: &[], needs: &[], owner: Some("alice") };
        assert_eq!(kinds.kind("alice", "/images/viz/a.sif", &own), Kind::Custom);
    }
}
