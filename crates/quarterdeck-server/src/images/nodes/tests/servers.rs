//! Several servers on one database.

use super::*;
use crate::images::scan::{due, host_name};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_servers_one_at_a_time_looks_at_the_nodes_and_no_more_often_than_is_due() {
    on_each_cluster(async |mut cluster| {
        let node = cluster.node("");
        put("lean-gzip.sif", &cluster.at("a.sif"));
        let (one, other) = (cluster.app(), cluster.app());
        assert_eq!(due(&one, None).await, Wish::default());
        let (first, second) = tokio::join!(scan_of(&one, Wish::default()), scan_of(&other, Wish::default()));
        for scan in [&first, &second] {
            let host = of(scan, &node.address);
            assert_eq!((host.state, &host.error, host.errors_total), (HostState::Finished, &None, 0), "{host:?}");
        }
        assert_eq!(listed(&cluster.db).await.len(), 1);

        // Its own host each looks at; with a database of its own, a server has nobody who does the rest.
        let own = Wish { nodes: Some(vec![host_name()]), paths: None };
        let expected = if cluster.db.is_shared() { own } else { Wish::default() };
        assert_eq!(due(&other, Some(Duration::from_secs(3600))).await, expected);
        // It is given back a moment later.
        sleep(Duration::from_millis(300)).await;
        assert_eq!(due(&other, Some(Duration::ZERO)).await, Wish::default());
        // Who asks is answered all the same.
        let scan = scan_of(&other, Wish::default()).await;
        assert_eq!(of(&scan, &node.address).images_unchanged, 1);
    })
    .await;
}
