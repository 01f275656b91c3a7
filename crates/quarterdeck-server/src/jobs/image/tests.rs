use std::path::Path;

use chrono::Utc;

use super::*;
use crate::access::Role;
use crate::app::testing::{actor, app_at};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::images::Source;
use crate::images::testing::{host, listed, look, put};

fn places(places: &[(&str, &str)]) -> Vec<(String, String)> {
    places.iter().map(|(node, path)| (node.to_string(), path.to_string())).collect()
}

#[test]
fn the_path_is_the_one_that_most_nodes_of_the_partition_have() {
    let nodes = ["c1", "c2", "c3"].map(str::to_owned);
    let places = places(&[("c1", "/a.sif"), ("c2", "/b.sif"), ("c3", "/b.sif"), ("g1", "/a.sif"), ("g2", "/a.sif")]);
    let (path, holders) = held(&nodes, &places).unwrap();
    assert_eq!((path.as_str(), holders.len(), holders.contains("c1")), ("/b.sif", 2, false));
    assert_eq!(held(&nodes[..2], &places).unwrap().0, "/a.sif");
    assert!(held(&["x1".to_owned()], &places).is_none());
}

fn node(name: &str, partition: &str) -> Node {
    Node {
        name: name.to_owned(),
        state: "idle".to_owned(),
        flags: Vec::new(),
        cpus_total: 4,
        cpus_used: 0,
        memory_total_mib: 1024,
        memory_used_mib: 0,
        gpus_total: 0,
        gpus_used: 0,
        load: None,
        partitions: vec![partition.to_owned()],
        reason: None,
    }
}

/// What becomes of the choice of the catalogue's only image, on a cluster with four nodes in two partitions.
async fn chosen(db: &Db, resources: Resources, script: Option<&str>) -> Result<Chosen, Vec<String>> {
    let data = tempfile::tempdir().unwrap();
    let app = app_at(db, data.path(), Utc::now());
    let cluster = &app.clusters.all()[0];
    cluster.with_nodes(vec![node("c1", "compute"), node("c2", "compute"), node("c3", "compute"), node("g1", "gpu")]);
    let image = ImageChoice { id: listed(db).await[0].id, app: None };
    let script = script.map(|script| quarterdeck_slurm::script::BatchScript::parse(script).unwrap());
    let asked = Asked { resources: &resources, script: script.as_ref(), directory: "/home/alice" };
    let mut errors = Vec::new();
    let chosen = choose(&app, &actor("alice", Role::User), cluster, &image, &asked, &mut errors).await.unwrap();
    chosen.filter(|_| errors.is_empty()).ok_or(errors.into_iter().map(|error| error.code).collect())
}

fn on(partition: &str, nodes: u32) -> Resources {
    Resources { partition: Some(partition.to_owned()), nodes: Some(nodes), ..Resources::default() }
}

async fn lies_on(db: &Db, nodes: &[&str], directory: &Path) {
    for name in nodes {
        let host = crate::images::testing::Host { cluster: "slurm".to_owned(), ..host(Source::Node, name) };
        look(db, host, &[directory]).await;
    }
}

#[tokio::test]
async fn a_job_keeps_to_the_nodes_that_have_its_image() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("solver.sif"));
        lies_on(&db, &["c2", "c3"], root.path()).await;
        let some = chosen(&db, on("compute", 2), None).await.unwrap();
        assert_eq!(some.exclude.as_deref(), Some("c1"));
        let told: Vec<&str> = some.warnings.iter().map(|warning| warning.code.as_str()).collect();
        assert_eq!(told, ["image-on-some-nodes"]);
        assert_eq!(chosen(&db, on("compute", 3), None).await.err().unwrap(), ["image-on-too-few-nodes"]);
        assert_eq!(chosen(&db, on("gpu", 1), None).await.err().unwrap(), ["image-on-no-node"]);
        // What the person's own script says counts too.
        let script = "#!/bin/sh\n#SBATCH -p gpu\n";
        assert_eq!(chosen(&db, Resources::default(), Some(script)).await.err().unwrap(), ["image-on-no-node"]);
        let script = "#!/bin/sh\n#SBATCH -w c[1-2]\n";
        assert_eq!(chosen(&db, on("compute", 2), Some(script)).await.err().unwrap(), ["image-not-on-node"]);

        lies_on(&db, &["c1"], root.path()).await;
        let all = chosen(&db, on("compute", 3), None).await.unwrap();
        assert_eq!((all.exclude, all.warnings.len()), (None, 0));
    })
    .await;
}

#[tokio::test]
async fn a_job_may_run_anywhere_where_its_image_is_on_a_shared_file_system() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("solver.sif"));
        look(&db, host(Source::Server, "portal"), &[root.path()]).await;
        let anywhere = chosen(&db, on("gpu", 1), None).await.unwrap();
        assert_eq!((anywhere.exclude, anywhere.warnings.len()), (None, 0));
    })
    .await;
}

#[tokio::test]
async fn a_job_with_gpus_brings_their_driver_along() {
    on_each_database(async |db| {
        let root = tempfile::tempdir().unwrap();
        put("lean-gzip.sif", &root.path().join("solver.sif"));
        look(&db, host(Source::Server, "portal"), &[root.path()]).await;
        let with_gpus = Some("#!/bin/sh\n#SBATCH --gpus-per-node=2\n");
        let command = |chosen: Chosen| chosen.command.run;
        assert!(command(chosen(&db, on("gpu", 1), with_gpus).await.unwrap()).contains(&"--nv".to_owned()));
        assert!(!command(chosen(&db, on("gpu", 1), None).await.unwrap()).contains(&"--nv".to_owned()));
    })
    .await;
}
