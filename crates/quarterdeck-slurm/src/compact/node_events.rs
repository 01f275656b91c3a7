//! When nodes were out of service, as accounting keeps it. A reason is text of an administrator's and stands last, so
//! that whatever is in it moves nothing.

use chrono::{DateTime, Utc};

use super::{Reading, text};
use crate::notation::parse_time;
use crate::{AnswerError, NodeEvent};

const SACCTMGR: &str = "sacctmgr";

/// All that went on since then.
pub fn reading(since: DateTime<Utc>) -> Reading {
    let format = "format=nodename,start,end,state,user,reason";
    let mut reading = Reading::new(SACCTMGR, &["-nP", "show", "event", "event=node", format]);
    reading.arguments.push(format!("start={}", since.format("%Y-%m-%dT%H:%M:%S")));
    // sacctmgr reads the start in its own time zone, and understands no offset.
    reading.environment.push(("TZ", "UTC".to_owned()));
    reading
}

/// `c1|1795599262|1795599269|DRAIN|bob(26002)|fan broken`. Further lines of a reason are left out.
pub fn parse(answer: &[u8]) -> Result<Vec<NodeEvent>, AnswerError> {
    let answer = text(answer);
    let mut events = Vec::new();
    for line in answer.lines().filter(|line| line.split('|').count() >= 6) {
        let mut values = line.splitn(6, '|');
        let mut next = || values.next().unwrap_or_default().trim();
        let (node, start, end) = (next(), next(), next());
        let time = |key, value: &str| parse_time(value).map_err(|_| AnswerError::field(SACCTMGR, key, value));
        // A line that a reason made, or what is told of the whole cluster.
        let (Ok(Some(started_at)), false) = (time("start", start), node.is_empty()) else { continue };
        let ended_at = time("end", end)?;
        let state = next().to_ascii_lowercase();
        // "bob(26002)"
        let user = next();
        let user = user.rsplit_once('(').map_or(user, |(name, _)| name);
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        events.push(NodeEvent {
            node: node.to_owned(),
            state,
            reason_by: known(user),
            reason: known(next()),
            started_at,
            ended_at,
        });
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_makes_no_other_event_and_moves_no_field() {
        // As 22.05 prints it, and with what an administrator could write.
        let answer = "|1795598445|Unknown|||Cluster Registered TRES\n\
                      c1|1795599262|1795599269|DRAIN|bob(26002)|fan|broken c2|1|2|DOWN|root(0)|x\n\
                      c3|no time|2|DOWN|root(0)|second line of a reason\nc2|1795599300|Unknown|DOWN*||Not responding\n";
        let events = parse(answer.as_bytes()).unwrap();
        let told: Vec<_> = events.iter().map(|event| (&*event.node, &*event.state, event.reason.as_deref())).collect();
        let first = ("c1", "drain", Some("fan|broken c2|1|2|DOWN|root(0)|x"));
        assert_eq!(told, [first, ("c2", "down*", Some("Not responding"))]);
        assert_eq!((events[0].reason_by.as_deref(), events[1].reason_by.as_deref()), (Some("bob"), None));
        assert_eq!((events[0].ended_at.map(|at| at.timestamp()), events[1].ended_at), (Some(1_795_599_269), None));
    }
}
