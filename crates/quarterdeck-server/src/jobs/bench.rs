//! What `bench/figures.rs` measures: a queue that is seen for the first time, and a page of the list of its jobs, without
//! Slurm and HTTP before them.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use quarterdeck_slurm as slurm;
use quarterdeck_types::{JobId, JobState};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{Filter, Wanted, list, observe};
use crate::access::{Actor, Role, Via};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;

/// A part of the queue is arrays of so many tasks.
const TASKS: usize = 80;

/// A server's jobs, and an operator who looks at them.
pub struct Bench {
    app: App,
    actor: Actor,
}

impl Bench {
    pub async fn start(config: Config) -> anyhow::Result<Bench> {
        let db = Db::open(&config.database_url()).await?;
        let actor = Actor {
            user_id: Uuid::now_v7(),
            username: "operator".to_owned(),
            role: Role::Operator,
            unix_user: None,
            via: Via::Session(Uuid::now_v7()),
            address: IpAddr::from([192, 0, 2, 1]),
            request_id: Uuid::now_v7().to_string(),
        };
        Ok(Bench { app: App::alone(config, db, Clock::system())?, actor })
    }

    /// Takes in a queue of so many jobs, two fifths of them tasks of arrays.
    pub async fn see(&self, jobs: usize) -> anyhow::Result<()> {
        let tasks = jobs * 2 / 5;
        let single = (0..jobs - tasks).map(|n| waiting(n.to_string(), n));
        let running = (0..tasks).map(|n| slurm::Job {
            state: JobState::Running,
            ..waiting(format!("{}_{}", jobs + n / TASKS, n % TASKS), n / TASKS * TASKS)
        });
        let left = observe(&self.app, &self.app.config.slurm.name, single.chain(running).collect()).await?;
        anyhow::ensure!(left.is_empty(), "jobs are missing from the queue that was just read");
        Ok(())
    }

    /// The newest jobs, arrays as a whole, with how many there are.
    pub async fn page(&self, limit: u64) -> anyhow::Result<(usize, u64)> {
        let cluster =
            self.app.clusters.find(&self.app.config.slurm.name).expect("a server for several users offers Slurm");
        let wanted = Wanted { cursor: None, ascending: false, limit, count: true };
        let filter = Filter { collapse: true, ..Filter::default() };
        let page = list(&self.app, &self.actor, cluster, filter, wanted).await?;
        Ok((page.items.len(), page.total.unwrap_or_default()))
    }

    /// How long the database alone takes for all the rows, from a table of its own. (SQLite writes by one connection, so
    /// the table is there for the next statement.)
    pub async fn write_again(&self) -> anyhow::Result<Duration> {
        let db = self.app.db.write();
        db.execute_unprepared("create temp table kept as select * from jobs").await?;
        db.execute_unprepared("delete from jobs").await?;
        let started = Instant::now();
        db.execute_unprepared("insert into jobs select * from kept").await?;
        let took = started.elapsed();
        db.execute_unprepared("drop table kept").await?;
        Ok(took)
    }
}

fn waiting(number: String, second: usize) -> slurm::Job {
    slurm::Job {
        job_id: JobId::parse(&number).expect("a number, or one of an array's task"),
        name: "train-model".to_owned(),
        user: format!("user{}", second % 50),
        account: Some("physics".to_owned()),
        partition: Some("compute".to_owned()),
        qos: Some("normal".to_owned()),
        state: JobState::Pending,
        reason: Some("Priority".to_owned()),
        submitted_at: chrono::DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + second as i64),
        eligible_at: None,
        started_at: None,
        expected_start_at: None,
        ended_at: None,
        time_limit_minutes: Some(60),
        node_list: None,
        nodes: 1,
        cpus: 4,
        memory_mib: Some(4096),
        gpus: 0,
        exit_code: None,
        signal: None,
        working_directory: Some("/home/user/project/run".to_owned()),
        comment: None,
        dependency: None,
    }
}
