//! A cluster's history under a clock that the test moves, on every database.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::{Node, NodeEvent, Partition, PartitionAccess, ReasonAuthor};
use quarterdeck_types::JobState;

use super::samples::{Resolution, Use, read};
use super::store::Period;
use super::*;
use crate::clusters::{Clusters, Demand};
use crate::config::{Config, Mode};
use crate::db::from_us;
use crate::db::testing::on_each_database;
use crate::live::Live;

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-11-{time}Z").parse().unwrap()
}

/// A server's view of a cluster of two nodes of eight CPUs, of which jobs have as many as told.
struct Server {
    db: Db,
    recorder: Recorder,
    live: Live,
}

impl Server {
    fn start(db: &Db) -> Server {
        let clusters = Clusters::new(&Config::load(None).unwrap(), Mode::MultiUser);
        let cluster = clusters.find("slurm").unwrap().clone();
        Server { db: db.clone(), recorder: Recorder::new(cluster), live: Live::default() }
    }

    async fn look(&mut self, now: DateTime<Utc>, used: u32, pending: usize) {
        let jobs = std::iter::repeat_n((JobState::Pending, Some("compute")), pending);
        let cluster = &self.recorder.cluster;
        cluster.show_local(&self.live, now, node("n1", used), partition(), Demand::of(jobs));
        // Without accounting.
        self.recorder.accounting_due = Some(DateTime::<Utc>::MAX_UTC);
        self.recorder.look(&self.db, now).await.unwrap();
    }

    async fn each_minute(&mut self, from: DateTime<Utc>, until: DateTime<Utc>, used: u32) {
        let mut now = from;
        while now < until {
            self.look(now, used, 1).await;
            now += TimeDelta::minutes(1);
        }
    }
}

fn node(name: &str, used: u32) -> Node {
    Node {
        name: name.to_owned(),
        state: "mixed".to_owned(),
        flags: Vec::new(),
        cpus_total: 8,
        cpus_used: used,
        memory_total_mib: 1000,
        memory_used_mib: 100,
        gpus_total: 2,
        gpus_used: 1,
        load: None,
        partitions: vec!["compute".to_owned()],
        reason: None,
    }
}

fn out(name: &str, state: &str, reason: &str) -> Node {
    Node { state: state.to_owned(), reason: Some(reason.to_owned()), ..node(name, 3) }
}

fn partition() -> Partition {
    Partition {
        name: "compute".to_owned(),
        is_default: true,
        state: "UP".to_owned(),
        time_limit_minutes: None,
        default_time_minutes: None,
        node_list: None,
        nodes: 1,
        cpus: 8,
        gpus: 2,
        max_nodes: None,
        max_cpus_per_node: None,
        max_memory_mib_per_node: None,
        access: PartitionAccess::default(),
    }
}

async fn over(db: &Db, since: DateTime<Utc>, until: DateTime<Utc>, resolution: Option<Resolution>, now: &str) -> Use {
    read(db, "slurm", None, (Some(since), Some(until)), resolution, at(now)).await.unwrap()
}

/// When, how many readings, the sum of the CPUs in use.
fn told(used: &Use) -> Vec<(String, i32, i64)> {
    let tell = |point: &store::Sample| {
        (from_us(point.at_us).format("%dT%H:%M").to_string(), point.readings, point.cpus_allocated)
    };
    used.points.iter().map(tell).collect()
}

fn points(expected: &[(&str, i32, i64)]) -> Vec<(String, i32, i64)> {
    expected.iter().map(|(at, readings, sum)| ((*at).to_owned(), *readings, *sum)).collect()
}

#[tokio::test]
async fn minutes_become_hours_and_hours_days_and_what_nobody_saw_stays_a_gap() {
    on_each_database(async |db| {
        let mut server = Server::start(&db);
        server.each_minute(at("20T22:00:00"), at("20T23:30:00"), 2).await;
        // Down for hours, then started anew in the next day.
        let mut server = Server::start(&db);
        server.each_minute(at("21T03:15:00"), at("21T05:00:00"), 5).await;
        server.look(at("21T05:03:00"), 5, 1).await;

        let (since, until) = (at("20T22:00:00"), at("21T05:03:30"));
        let hours = over(&db, since, until, Some(Resolution::Hour), "21T05:03:30").await;
        let expected = [
            ("20T22:00", 60, 120),
            ("20T23:00", 30, 60),
            ("21T03:00", 45, 225),
            ("21T04:00", 60, 300),
            ("21T05:00", 1, 5),
        ];
        assert_eq!(told(&hours), points(&expected), "the hour that goes on is there with what it has");
        let days = over(&db, since, until, Some(Resolution::Day), "21T05:03:30").await;
        assert_eq!(told(&days), points(&[("20T00:00", 90, 180), ("21T00:00", 106, 530)]));
        let minutes = over(&db, at("21T04:58:00"), until, None, "21T05:03:30").await;
        assert_eq!(minutes.resolution, Resolution::Minute);
        assert_eq!(told(&minutes), points(&[("21T04:58", 1, 5), ("21T04:59", 1, 5), ("21T05:03", 1, 5)]));
        let first = &hours.points[0];
        assert_eq!((first.cpus_idle, first.cpus_down, first.jobs_pending), (6 * 60, 0, 60));
        assert_eq!((first.gpus_allocated, first.gpus_idle, first.memory_mib_idle), (60, 60, 900 * 60));
        let part = read(&db, "slurm", Some("compute"), (Some(since), Some(until)), Some(Resolution::Hour), until);
        assert_eq!(told(&part.await.unwrap()), points(&expected));
        let nothing = read(&db, "slurm", Some("gpu"), (Some(since), Some(until)), None, until).await.unwrap();
        assert!(nothing.points.is_empty());
    })
    .await;
}

#[tokio::test]
async fn minutes_are_forgotten_after_days_hours_after_weeks_and_days_after_a_year() {
    on_each_database(async |db| {
        let start = at("20T10:00:00");
        Server::start(&db).each_minute(start, at("20T12:05:00"), 4).await;
        let counts = async |now: DateTime<Utc>| {
            Server::start(&db).look(now, 4, 0).await;
            let count = async |step| {
                let rows = store::samples(&db, "slurm", Some(""), step, start, at("20T23:59:00")).await.unwrap();
                rows.len()
            };
            (count(Step::MINUTE).await, count(Step::HOUR).await, count(Step::DAY).await)
        };
        use super::samples::Step;
        assert_eq!(counts(start + TimeDelta::days(2)).await, (125, 3, 1));
        assert_eq!(counts(start + TimeDelta::days(4)).await, (0, 3, 1));
        assert_eq!(counts(start + TimeDelta::days(70)).await, (0, 0, 1));
        let until = start + TimeDelta::days(71);
        let days = read(&db, "slurm", None, (Some(start - TimeDelta::days(30)), None), None, until).await.unwrap();
        assert_eq!((days.resolution, days.points[0].readings), (Resolution::Day, 125));
        assert_eq!(counts(start + TimeDelta::days(400)).await, (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn one_of_two_servers_keeps_the_history_and_the_other_goes_on_when_it_ends() {
    on_each_database(async |db| {
        let (mut one, mut other) = (Server::start(&db), Server::start(&db));
        one.look(at("20T10:00:05"), 4, 0).await;
        // It would have seen something else.
        other.look(at("20T10:00:10"), 1, 0).await;
        other.look(at("20T10:00:30"), 1, 0).await;
        other.look(at("20T10:01:20"), 1, 0).await;
        one.look(at("20T10:01:25"), 4, 0).await;
        one.look(at("20T10:02:00"), 4, 0).await;
        let seen = over(&db, at("20T10:00:00"), at("20T10:05:00"), None, "20T10:05:00").await;
        assert_eq!(told(&seen), points(&[("20T10:00", 1, 4), ("20T10:01", 1, 1)]));
    })
    .await;
}

#[tokio::test]
async fn an_old_reading_is_no_sample() {
    on_each_database(async |db| {
        let mut server = Server::start(&db);
        server.look(at("20T10:00:05"), 4, 0).await;
        server.recorder.look(&db, at("20T10:01:30")).await.unwrap();
        let seen = over(&db, at("20T10:00:00"), at("20T10:05:00"), None, "20T10:05:00").await;
        assert_eq!(told(&seen), points(&[("20T10:00", 1, 4)]));
    })
    .await;
}

#[tokio::test]
async fn nodes_out_of_service_are_periods_with_reason_who_and_when() {
    on_each_database(async |db| {
        let mut open = Vec::new();
        let mut see = async |nodes: &[Node], by: &str, given: &str, now: &str| {
            let author = ReasonAuthor { user: Some(by.to_owned()), at: Some(at(given)) };
            let authors = HashMap::from([("c1".to_owned(), author)]);
            let change = periods::compare("slurm", std::mem::take(&mut open), nodes, &authors, at(now));
            store::write(&db, &change).await.unwrap();
            open = change.open;
        };
        see(&[node("c1", 3), node("c2", 0)], "-", "20T10:00:00", "20T10:00:00").await;
        see(&[out("c1", "draining", "fan"), node("c2", 0)], "bob", "20T10:00:03", "20T10:00:10").await;
        see(&[out("c1", "draining", "fan"), node("c2", 0)], "bob", "20T10:00:03", "20T10:00:20").await;
        see(&[out("c1", "drained", "fan"), out("c2", "down", "Not responding")], "bob", "20T10:00:03", "20T11:00:00")
            .await;
        see(&[out("c1", "drained", "fan, again"), node("c2", 0)], "root", "20T11:59:58", "20T12:00:00").await;
        store::note_end(&db, "slurm", "c1", "alice").await.unwrap();
        see(&[node("c1", 3), node("c2", 0)], "-", "20T10:00:00", "20T13:00:00").await;
        assert!(open.is_empty() && store::open_periods(&db, "slurm").await.unwrap().is_empty());

        let of = async |name| {
            let rows = store::periods_of_node(&db, "slurm", name, 50).await.unwrap();
            let time = |us: i64| from_us(us).format("%H:%M:%S").to_string();
            let tell = |row: Period| {
                let by = row.reason_by.unwrap_or_default();
                let end = row.ended_us.map(time).unwrap_or_default();
                let words = [row.state, row.reason.unwrap_or_default(), by, time(row.started_us), end];
                format!("{} {}", words.join(" "), row.ended_by.unwrap_or_default())
            };
            rows.into_iter().map(tell).collect::<Vec<_>>()
        };
        let expected = [
            "drained fan, again root 12:00:00 13:00:00 alice",
            "drained fan bob 11:00:00 12:00:00 ",
            "draining fan bob 10:00:03 11:00:00 ",
        ];
        assert_eq!(of("c1").await, expected);
        assert_eq!(of("c2").await, ["down Not responding  11:00:00 12:00:00 "]);
    })
    .await;
}

#[tokio::test]
async fn accounting_tells_of_the_time_that_nobody_watched_and_nothing_twice() {
    on_each_database(async |db| {
        let authors = HashMap::from([(
            "c1".to_owned(),
            ReasonAuthor { user: Some("bob".to_owned()), at: Some(at("20T10:00:00")) },
        )]);
        let drained = [out("c1", "drained", "fan")];
        let change = periods::compare("slurm", Vec::new(), &drained, &authors, at("20T10:00:10"));
        store::write(&db, &change).await.unwrap();
        let change = periods::compare("slurm", change.open, &[node("c1", 0)], &authors, at("20T11:00:10"));
        store::write(&db, &change).await.unwrap();
        let event = |node: &str, start: &str, end: Option<&str>, reason: &str| NodeEvent {
            node: node.to_owned(),
            state: "drain".to_owned(),
            reason: Some(reason.to_owned()),
            reason_by: Some("bob".to_owned()),
            started_at: at(start),
            ended_at: end.map(at),
        };
        let events = || {
            vec![
                event("c1", "20T08:00:00", Some("20T08:30:00"), "before"),
                event("c1", "20T10:00:00", Some("20T11:00:00"), "fan"),
                event("c1", "20T11:00:30", Some("20T11:00:35"), "between two readings"),
                event("c1", "20T11:00:40", Some("20T11:00:40"), "no time at all"),
                event("c2", "20T09:00:00", None, "goes on"),
            ]
        };
        for _ in 0..2 {
            periods::take_in(&db, "slurm", events(), at("20T12:00:00")).await.unwrap();
        }
        let rows = store::periods_of_node(&db, "slurm", "c1", 50).await.unwrap();
        let reasons: Vec<_> = rows.iter().map(|row| row.reason.as_deref().unwrap()).collect();
        assert_eq!(reasons, ["between two readings", "fan", "before"]);
        assert!(store::periods_of_node(&db, "slurm", "c2", 50).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_restless_node_keeps_its_newest_periods() {
    on_each_database(async |db| {
        let mut open = Vec::new();
        for minute in 0..i64::from(u16::try_from(store::MOST_OF_NODE).unwrap() + 20) {
            let now = at("20T00:00:00") + TimeDelta::minutes(minute);
            let reason = format!("reason {minute}");
            let nodes = [out("c1", "down", &reason)];
            let change = periods::compare("slurm", open, &nodes, &HashMap::new(), now);
            store::write(&db, &change).await.unwrap();
            open = change.open;
        }
        store::prune_periods(&db, "slurm", at("21T00:00:00")).await.unwrap();
        let rows = store::periods_of_node(&db, "slurm", "c1", 10_000).await.unwrap();
        assert_eq!(rows.len() as u64, store::MOST_OF_NODE);
        assert_eq!(rows[0].reason.as_deref(), Some("reason 519"));
        store::prune_periods(&db, "slurm", at("21T00:00:00") + TimeDelta::days(367)).await.unwrap();
        assert_eq!(store::periods_of_node(&db, "slurm", "c1", 10).await.unwrap().len(), 1, "what goes on stays");
    })
    .await;
}
