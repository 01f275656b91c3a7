//! Changes what may still be changed of a job: reads what a client asks, has Slurm do it, and keeps a new name.

use chrono::{DateTime, Utc};
use quarterdeck_types::control::{BadValue, Dependency, JobChange, JobName, Word};
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::{Action, act};
use super::{Error, Job, find_for, save_and_publish};
use crate::access::{Actor, Role};
use crate::app::App;
use crate::clusters::Cluster;
use crate::problem::FieldError;
use crate::requests::present;

/// Above these Slurm has words of its own (`INFINITE`, `NO_VAL`), or refuses.
const MOST_MINUTES: u32 = i32::MAX as u32;
const HIGHEST_PRIORITY: u32 = u32::MAX - 2;
const MOST_NICE: u32 = 2_147_483_645;

/// What to change of a job; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobUpdate {
    /// Null: unlimited. Of a job that runs, only operators raise it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub time_limit_minutes: Option<Option<u32>>,
    pub partition: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    /// Operators alone; the others choose `nice`.
    pub priority: Option<u32>,
    pub name: Option<String>,
    /// How far the job stands back; below zero, ahead: operators alone.
    pub nice: Option<i32>,
    /// As `sbatch --dependency` takes it; null: none.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "afterok:5")]
    pub dependency: Option<Option<String>>,
    /// Not before this; null: as soon as it can.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub begin: Option<Option<DateTime<Utc>>>,
    /// Null: none.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub reservation: Option<Option<String>>,
}

/// Updates a job, or some tasks of an array: all at once, and Slurm says what may be.
pub async fn update(app: &App, actor: &Actor, cluster: &Cluster, job: &str, update: JobUpdate) -> Result<(), Error> {
    if update.priority.is_some() && actor.role < Role::Operator {
        return Err(Error::OperatorsOnly { what: "priority" });
    }
    let name = update.name.clone();
    let changes = read(update).map_err(Error::Invalid)?;
    act(app, actor, cluster, job, &Action::Update(changes)).await?;
    // The queue tells the rest. A name it does not, since accounting cuts names.
    match (name, find_for(app, actor, cluster, job).await) {
        (Some(name), Ok(job)) => Ok(save_and_publish(app, Job { name, ..job }).await?),
        _ => Ok(()),
    }
}

/// Every field that is wrong is named at once.
fn read(update: JobUpdate) -> Result<Vec<JobChange>, Vec<FieldError>> {
    let JobUpdate { time_limit_minutes, partition, account, qos, priority, name, nice, dependency, begin, reservation } =
        update;
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    let mut take = |field: &str, change: Option<Result<JobChange, Fault>>| match change {
        Some(Ok(change)) => changes.push(change),
        Some(Err(Fault::Value(fault))) => errors.push(FieldError::of(format!("/{field}"), &fault)),
        Some(Err(Fault::Range(detail))) => errors.push(FieldError::new(format!("/{field}"), "out-of-range", detail)),
        None => {}
    };
    take("time_limit_minutes", time_limit_minutes.map(time_limit));
    take("partition", partition.map(|name| Ok(JobChange::Partition { name: Word::parse(&name)? })));
    take("account", account.map(|name| Ok(JobChange::Account { name: Word::parse(&name)? })));
    take("qos", qos.map(|name| Ok(JobChange::Qos { name: Word::parse(&name)? })));
    take("priority", priority.map(self::priority));
    take("name", name.map(|text| Ok(JobChange::Name { text: JobName::parse(&text)? })));
    take("nice", nice.map(self::nice));
    let optional = |on: Option<String>| on.as_deref().map(Dependency::parse).transpose();
    take("dependency", dependency.map(|on| Ok(JobChange::Dependency { on: optional(on)? })));
    take("begin", begin.map(self::begin));
    let optional = |name: Option<String>| name.as_deref().map(Word::parse).transpose();
    take("reservation", reservation.map(|name| Ok(JobChange::Reservation { name: optional(name)? })));
    if changes.is_empty() && errors.is_empty() {
        errors.push(FieldError::new("", "no-change", "Name at least one thing to change."));
    }
    if errors.is_empty() { Ok(changes) } else { Err(errors) }
}

enum Fault {
    Value(BadValue),
    Range(&'static str),
}

impl From<BadValue> for Fault {
    fn from(fault: BadValue) -> Fault {
        Fault::Value(fault)
    }
}

fn time_limit(minutes: Option<u32>) -> Result<JobChange, Fault> {
    match minutes {
        Some(minutes) if !(1..=MOST_MINUTES).contains(&minutes) => {
            Err(Fault::Range("Choose at least one minute, or null for no limit."))
        }
        minutes => Ok(JobChange::TimeLimit { minutes }),
    }
}

/// 0 would hold the job.
fn priority(value: u32) -> Result<JobChange, Fault> {
    let fits = (1..=HIGHEST_PRIORITY).contains(&value);
    if fits { Ok(JobChange::Priority { value }) } else { Err(Fault::Range("A priority is 1 to 4294967293.")) }
}

fn nice(value: i32) -> Result<JobChange, Fault> {
    let fits = value.unsigned_abs() <= MOST_NICE;
    if fits { Ok(JobChange::Nice { value }) } else { Err(Fault::Range("This is more than Slurm takes.")) }
}

fn begin(time: Option<DateTime<Utc>>) -> Result<JobChange, Fault> {
    let seconds = |time: DateTime<Utc>| {
        u32::try_from(time.timestamp()).map_err(|_| Fault::Range("Choose a time before the year 2106."))
    };
    Ok(JobChange::Begin { at: time.map(seconds).transpose()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn pointers(body: Value) -> Vec<String> {
        let update: JobUpdate = serde_json::from_value(body).unwrap();
        read(update).map_or_else(|errors| errors.into_iter().map(|error| error.pointer).collect(), |_| Vec::new())
    }

    #[rstest]
    #[case(json!({}), "")]
    #[case(json!({"time_limit_minutes": 0}), "/time_limit_minutes")]
    #[case(json!({"partition": "gpu Account=root"}), "/partition")]
    #[case(json!({"account": ""}), "/account")]
    #[case(json!({"qos": "-x"}), "/qos")]
    #[case(json!({"priority": 0}), "/priority")]
    #[case(json!({"priority": u32::MAX}), "/priority")]
    #[case(json!({"name": "two\nlines"}), "/name")]
    #[case(json!({"name": " "}), "/name")]
    #[case(json!({"nice": i32::MIN}), "/nice")]
    #[case(json!({"dependency": "afterok:5,NumNodes=9"}), "/dependency")]
    #[case(json!({"begin": "2200-01-01T00:00:00Z"}), "/begin")]
    #[case(json!({"begin": "1960-01-01T00:00:00Z"}), "/begin")]
    #[case(json!({"reservation": "a b"}), "/reservation")]
    fn what_slurm_could_not_take_is_named_by_its_field(#[case] body: Value, #[case] pointer: &str) {
        assert_eq!(pointers(body), [pointer]);
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(pointers(json!({"qos": "", "nice": 5, "name": "a\tb"})), ["/qos", "/name"]);
    }

    #[test]
    fn null_is_none_and_what_is_left_out_stays() {
        let body = json!({"time_limit_minutes": null, "dependency": null, "begin": null, "reservation": null});
        let changes = read(serde_json::from_value(body).unwrap()).unwrap();
        let expected = [
            JobChange::TimeLimit { minutes: None },
            JobChange::Dependency { on: None },
            JobChange::Begin { at: None },
            JobChange::Reservation { name: None },
        ];
        assert_eq!(changes, expected);
    }
}
