//! What `scontrol`, `scancel` and `sstat` are told: an argument for each value, so that no value becomes another.

use quarterdeck_types::JobId;
use quarterdeck_types::agent::ScontrolVerb;
use quarterdeck_types::control::{JobChange, JobSignal, NodeChange, NodeName, Reason, SignalTo};

pub(crate) fn cancel(job_id: &JobId) -> Vec<String> {
    vec![job_id.to_string()]
}

pub(crate) fn signal(job_id: &JobId, signal: JobSignal, to: SignalTo) -> Vec<String> {
    let mut arguments = vec![format!("--signal={}", signal.as_str())];
    match to {
        SignalTo::All => arguments.push("--full".to_owned()),
        SignalTo::Script => arguments.push("--batch".to_owned()),
        SignalTo::Steps => {}
    }
    arguments.push(job_id.to_string());
    arguments
}

pub(crate) fn on_job(verb: ScontrolVerb, job_id: &JobId) -> Vec<String> {
    let verb = match verb {
        ScontrolVerb::Hold => "hold",
        ScontrolVerb::Release => "release",
        ScontrolVerb::Requeue => "requeue",
    };
    vec![verb.to_owned(), job_id.to_string()]
}

pub(crate) fn update_job(job_id: &JobId, changes: &[JobChange]) -> Vec<String> {
    let mut arguments = vec!["update".to_owned(), format!("JobId={job_id}")];
    arguments.extend(changes.iter().map(job_change));
    arguments
}

/// scontrol takes what is behind the first `=` as it stands, quotes too (seen on 22.05).
fn job_change(change: &JobChange) -> String {
    fn value<T: ToString>(value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }
    match change {
        JobChange::TimeLimit { minutes: None } => "TimeLimit=UNLIMITED".to_owned(),
        JobChange::TimeLimit { minutes: Some(minutes) } => format!("TimeLimit={minutes}"),
        JobChange::Partition { name } => format!("Partition={name}"),
        JobChange::Account { name } => format!("Account={name}"),
        JobChange::Qos { name } => format!("QOS={name}"),
        JobChange::Priority { value } => format!("Priority={value}"),
        JobChange::Name { text } => format!("JobName={text}"),
        JobChange::Nice { value } => format!("Nice={value}"),
        JobChange::Dependency { on } => format!("Dependency={}", value(on)),
        // Whatever the host's time zone.
        JobChange::Begin { at: Some(seconds) } => format!("StartTime=uts{seconds}"),
        JobChange::Begin { at: None } => "StartTime=now".to_owned(),
        JobChange::Reservation { name } => format!("ReservationName={}", value(name)),
    }
}

/// What the running steps use. Between its fields stands `|`, and no user writes any of them.
pub(crate) fn live_usage(job_id: &JobId) -> Vec<String> {
    let format = "--format=JobID,NTasks,AveCPU,TRESUsageInMax,TRESUsageInTot";
    let arguments = ["--allsteps", "--noheader", "--parsable2", format].map(str::to_owned);
    arguments.into_iter().chain([format!("--jobs={job_id}")]).collect()
}

pub(crate) fn update_node(node: &NodeName, change: &NodeChange) -> Vec<String> {
    let mut arguments = vec!["update".to_owned(), format!("NodeName={node}")];
    match change {
        NodeChange::Drain { reason } => {
            // scontrol takes one `"` off each end of a node's reason: these two, and none of the reason's own.
            arguments.extend(["State=DRAIN".to_owned(), format!("Reason=\"{reason}\"")]);
        }
        NodeChange::Resume => arguments.push("State=RESUME".to_owned()),
    }
    arguments
}

pub(crate) fn reboot(node: &NodeName, asap: bool, reason: Option<&Reason>) -> Vec<String> {
    let mut arguments = vec!["reboot".to_owned()];
    if asap {
        arguments.push("ASAP".to_owned());
    }
    // Here it takes nothing off.
    arguments.extend(reason.map(|reason| format!("reason={reason}")));
    arguments.push(node.to_string());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quarterdeck_types::control::{Dependency, JobName, Word};

    /// What scontrol makes of a reason in `update NodeName`.
    fn as_scontrol_reads(value: &str) -> &str {
        let value = value.strip_prefix('"').unwrap_or(value);
        value.strip_suffix('"').unwrap_or(value)
    }

    proptest! {
        #[test]
        fn a_reason_is_one_value_and_comes_through_whole(text in ".{0,80}|[\"'= ,A-Z]{1,40}") {
            let Ok(reason) = Reason::parse(&text) else { return Ok(()) };
            let node = NodeName::parse("c1").unwrap();
            let drain = update_node(&node, &NodeChange::Drain { reason: reason.clone() });
            prop_assert_eq!(&drain[..3], ["update", "NodeName=c1", "State=DRAIN"]);
            let (key, value) = drain[3].split_once('=').unwrap();
            prop_assert_eq!((drain.len(), key, as_scontrol_reads(value)), (4, "Reason", text.trim()));
            let reboot = reboot(&node, true, Some(&reason));
            prop_assert_eq!(reboot, ["reboot", "ASAP", &format!("reason={}", text.trim()), "c1"]);
        }

        #[test]
        fn a_change_of_a_job_is_one_key_and_its_value(text in ".{0,60}|[a-z0-9:_,=\" -]{1,40}") {
            let mut changes = Vec::new();
            let mut add = |key: &str, change: JobChange| changes.push((key.to_owned(), change));
            let _ = JobName::parse(&text).map(|text| add("JobName", JobChange::Name { text }));
            let _ = Dependency::parse(&text).map(|on| add("Dependency", JobChange::Dependency { on: Some(on) }));
            if let Ok(name) = Word::parse(&text) {
                add("Partition", JobChange::Partition { name: name.clone() });
                add("Account", JobChange::Account { name: name.clone() });
                add("QOS", JobChange::Qos { name: name.clone() });
                add("ReservationName", JobChange::Reservation { name: Some(name) });
            }
            let job_id = JobId::parse("5_1").unwrap();
            let arguments = update_job(&job_id, &changes.iter().map(|(_, change)| change.clone()).collect::<Vec<_>>());
            prop_assert_eq!(&arguments[..2], ["update", "JobId=5_1"]);
            let expected: Vec<String> = changes.iter().map(|(key, _)| format!("{key}={text}")).collect();
            prop_assert_eq!(&arguments[2..], &expected);
        }
    }

    #[test]
    fn what_is_unset_has_slurms_word_for_it() {
        let changes = [
            JobChange::TimeLimit { minutes: None },
            JobChange::Dependency { on: None },
            JobChange::Begin { at: None },
            JobChange::Begin { at: Some(1_795_600_000) },
            JobChange::Nice { value: -5 },
        ];
        let expected = ["TimeLimit=UNLIMITED", "Dependency=", "StartTime=now", "StartTime=uts1795600000", "Nice=-5"];
        assert_eq!(changes.each_ref().map(job_change), expected);
    }

    #[test]
    fn a_signal_goes_to_whom_it_is_meant_for() {
        let job_id = JobId::parse("5").unwrap();
        let to = |to| signal(&job_id, JobSignal::Usr1, to);
        assert_eq!(to(SignalTo::All), ["--signal=USR1", "--full", "5"]);
        assert_eq!(to(SignalTo::Script), ["--signal=USR1", "--batch", "5"]);
        assert_eq!(to(SignalTo::Steps), ["--signal=USR1", "5"]);
    }
}
